import { useQuery } from '@tanstack/react-query'
import { Link, useLocation, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useCallback, useState } from 'react'
import { incidentsRead, reviewsRead, statusRead } from '../api/reads.ts'
import { Badge } from '../parts/controls.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Icon } from '../parts/icons.tsx'
import { AccountMenu, ThemeMenu } from './account.tsx'
import { KeySheet } from './key-sheet.tsx'
import { useKeys } from './keyboard.ts'
import { OpenPalette } from './page-head.tsx'
import { type Page, pages } from './pages.ts'
import { Palette } from './palette.tsx'
import { useKeepAlive } from './session.ts'

type Window = 'keys' | 'palette' | 'navigation' | null

/** What stands around every page: the navigation, and what keys do everywhere. */
export function Shell({ children }: { children: ReactNode }): ReactNode {
  const navigate = useNavigate()
  const [open, setOpen] = useState<Window>(null)
  useKeepAlive()
  const close = (): void => setOpen(null)
  const openPalette = useCallback(() => setOpen('palette'), [])
  useKeys({
    ...Object.fromEntries(pages.map(({ key, path }) => [`g ${key}`, () => void navigate({ to: path })])),
    'mod+k': () => setOpen('palette'),
    '?': () => setOpen('keys'),
  })
  return (
    <div className="grid h-full grid-rows-[auto_1fr] md:grid-cols-[208px_1fr] md:grid-rows-1">
      <a href="#page" className="sr-only focus:not-sr-only focus:absolute focus:z-60 focus:bg-surface focus:p-2">
        Skip to the page
      </a>
      <header className="flex items-center justify-between border-b border-line bg-surface px-3 py-2 md:hidden">
        <Brand />
        <button type="button" className="p-1" aria-label="Open the navigation" onClick={() => setOpen('navigation')}>
          <Icon name="menu" size={18} />
        </button>
      </header>
      <aside className="hidden min-h-0 flex-col overflow-auto border-r border-line bg-surface px-2 py-4 md:flex">
        <div className="px-2.5 pb-4">
          <Brand />
        </div>
        <Navigation onSearch={() => setOpen('palette')} onKeys={() => setOpen('keys')} />
      </aside>
      <main id="page" tabIndex={-1} className="flex min-h-0 min-w-0 flex-col outline-none">
        <GateNotice />
        <OpenPalette value={openPalette}>{children}</OpenPalette>
      </main>
      <KeySheet open={open === 'keys'} onClose={close} />
      <Palette open={open === 'palette'} onClose={close} />
      <Dialog open={open === 'navigation'} onClose={close} title="Navigation" place="side">
        <Navigation onSearch={() => setOpen('palette')} onKeys={() => setOpen('keys')} onFollow={close} />
      </Dialog>
    </div>
  )
}

/** The mark and the name. */
export function Brand(): ReactNode {
  return (
    <span className="flex items-center gap-2 text-[15px] font-bold">
      <Icon name="logo" size={16} />
      Gatehouse
    </span>
  )
}

interface NavigationProps {
  readonly onSearch: () => void
  readonly onKeys: () => void
  readonly onFollow?: () => void
}

function Navigation({ onSearch, onKeys, onFollow }: NavigationProps): ReactNode {
  const groups = [...new Set(pages.map(({ group }) => group))]
  return (
    <nav aria-label="Pages" className="flex flex-1 flex-col gap-4">
      {groups.map((group) => (
        <div key={group}>
          <h2 className="px-2.5 pb-1 text-[11px] font-semibold tracking-wide text-faint uppercase">{group}</h2>
          <ul>
            {pages
              .filter((page) => page.group === group)
              .map((page) => (
                <NavigationItem key={page.path} page={page} {...(onFollow === undefined ? {} : { onFollow })} />
              ))}
          </ul>
        </div>
      ))}
      <div className="mt-auto flex flex-col items-start gap-0.5">
        <button type="button" onClick={onSearch} className={`${footClass} lg:hidden`}>
          <Icon name="search" /> Search or jump to…
        </button>
        <button type="button" onClick={onKeys} className={footClass}>
          <Icon name="keyboard" /> Keys
        </button>
        <ThemeMenu />
        <AccountMenu />
      </div>
    </nav>
  )
}

const footClass = 'flex w-full items-center gap-2 rounded-md px-2.5 py-1 text-muted hover:bg-raise hover:text-text'

function NavigationItem({ page, onFollow }: { page: Page; onFollow?: () => void }): ReactNode {
  const { pathname } = useLocation()
  const isHere = page.path === '/' ? pathname === '/' : pathname.startsWith(page.path)
  return (
    <li>
      <Link
        to={page.path}
        onClick={onFollow}
        aria-current={isHere ? 'page' : undefined}
        className={`flex h-[29px] items-center justify-between rounded-md px-2.5 ${isHere ? 'bg-chosen font-semibold text-text' : 'text-muted hover:bg-raise hover:text-text'}`}
      >
        {page.name}
        <PageBadge path={page.path} />
      </Link>
    </li>
  )
}

/** A number that needs a person, or how something stands. */
function PageBadge({ path }: { path: Page['path'] }): ReactNode {
  switch (path) {
    case '/incidents':
      return <IncidentsBadge />
    case '/reviews':
      return <ReviewsBadge />
    case '/ledger':
      return <LedgerBadge />
    default:
      return null
  }
}

function IncidentsBadge(): ReactNode {
  const open = useQuery(incidentsRead('all', 1)).data?.summary.open ?? 0
  return open === 0 ? null : <Badge tone="bad">{open}</Badge>
}

function ReviewsBadge(): ReactNode {
  const runs = useQuery(reviewsRead).data?.items ?? []
  const waiting = runs.filter(({ state }) => state === 'ready' || state === 'in_review')
  if (waiting.length === 0) return null
  return <Badge tone={waiting.some(({ overdue }) => overdue) ? 'bad' : 'muted'}>{waiting.length}</Badge>
}

function LedgerBadge(): ReactNode {
  const logs = useQuery(statusRead).data?.gate?.ledger.logs
  if (logs === undefined) return null
  const faults = logs.access.scrub.faults + logs.audit.scrub.faults
  if (faults > 0) return <Badge tone="bad">{faults}</Badge>
  return (
    <Badge tone="ok" icon="ok">
      <span className="sr-only">no faults</span>
    </Badge>
  )
}

/** Says when what is shown cannot be of now. */
function GateNotice(): ReactNode {
  const { data, error } = useQuery(statusRead)
  const text =
    error !== null
      ? 'The desk does not answer. What is shown is the last that was known; trying again.'
      : data !== undefined && data.gate === null
        ? 'No gate is connected to this desk: no new records come in.'
        : data?.gate?.ledger.state !== undefined && data.gate.ledger.state !== 'ok'
          ? `The ledger is ${data.gate.ledger.state}: requests that must be recorded are refused.`
          : null
  if (text === null) return null
  return (
    <p role="status" className="flex items-center gap-2 border-b border-line bg-bad-soft px-4 py-1.5 text-bad">
      <Icon name="warning" /> {text}
    </p>
  )
}
