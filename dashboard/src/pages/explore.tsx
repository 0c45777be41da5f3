import type { UseQueryResult } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import type { Answered } from '../api/types.ts'
import { useKeys } from '../app/keyboard.ts'
import { PageHead } from '../app/page-head.tsx'
import { AnswerTable } from '../explore/answer-table.tsx'
import { Facets } from '../explore/facets.tsx'
import { Histogram } from '../explore/histogram.tsx'
import { type Asked, filterOf, useAnswer } from '../explore/use-answers.ts'
import { count, percent, span as spanText } from '../lib/format.ts'
import { RequestDrawer } from '../live/request-drawer.tsx'
import { Rows } from '../live/rows.tsx'
import type { TailRow } from '../live/tail.ts'
import { Button, buttonClass } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { ChoiceMenu } from '../parts/menu.tsx'
import { Empty, Loading, Problem } from '../parts/states.tsx'

const route = getRouteApi('/explore')
const hourMs = 3_600_000
const spans = [hourMs / 12, hourMs / 2, hourMs, 6 * hourMs, 24 * hourMs, 7 * 24 * hourMs, 30 * 24 * hourMs]
const choices = spans.map((ms) => ({ value: String(ms), label: `Last ${spanText(ms)}` }))
const rowsMax = 1_000

/** From "why" to the cause: every request, exact counts, one language. */
export function ExplorePage(): ReactNode {
  const { asked, r, show, askAgain } = useAsked()
  const { q, spanMs } = asked
  const answer = useAnswer(q, asked, rowsMax)
  useKeys({ Escape: () => show({ r: null }) })
  return (
    <>
      <PageHead
        title="Explore"
        actions={
          <>
            <Link to="/live" search={filterOf(q) === '' ? {} : { q: filterOf(q) }} className={buttonClass()}>
              <Icon name="play" /> Follow live
            </Link>
            <ChoiceMenu
              label="Time range"
              value={String(spanMs)}
              choices={choices}
              onChoose={(value) => askAgain({ span: Number(value) })}
            >
              Last {spanText(spanMs)}
            </ChoiceMenu>
          </>
        }
      >
        {answer.data === null || answer.data === undefined || answer.isError ? null : <Said {...answer.data} />}
      </PageHead>
      <QueryBox text={q} onAsk={(text) => askAgain({ q: text })} />
      <div className="flex min-h-0 flex-1">
        <div className={`min-h-0 min-w-0 flex-1 ${r === null ? 'flex' : 'hidden lg:flex'}`}>
          <Found
            answer={answer}
            asked={asked}
            openId={r}
            onOpen={(id) => show({ r: id })}
            onTerm={(word) => askAgain({ q: `${q} ${word}`.trim() })}
          />
        </div>
        {r === null ? null : <RequestDrawer key={r} id={r} onClose={() => show({ r: null })} />}
      </div>
    </>
  )
}

interface Next {
  readonly q?: string
  readonly span?: number
  readonly r?: string | null
}

interface AskedNow {
  readonly asked: Asked
  readonly r: string | null
  readonly show: (next: Next) => void
  /** The same with what is new since. */
  readonly askAgain: (next: Next) => void
}

/** What is asked stands in the URL, but for the moment up to which. */
function useAsked(): AskedNow {
  const { q = '', span = hourMs, r = null } = route.useSearch()
  const navigate = useNavigate()
  const [toMs, setTo] = useState(() => Date.now() + 1)
  const asked = useMemo((): Asked => ({ q, spanMs: span, toMs }), [q, span, toMs])
  const show = (next: Next): void => {
    const [text, ms, open] = [next.q ?? q, next.span ?? span, next.r === undefined ? r : next.r]
    const search = {
      ...(text === '' ? {} : { q: text }),
      ...(ms === hourMs ? {} : { span: ms }),
      ...(open === null ? {} : { r: open }),
    }
    void navigate({ to: '/explore', search })
  }
  const askAgain = (next: Next): void => {
    setTo(Date.now() + 1)
    show(next)
  }
  return { asked, r, show, askAgain }
}

interface FoundProps {
  readonly answer: UseQueryResult<Answered | null>
  readonly asked: Asked
  readonly openId: string | null
  readonly onOpen: (id: string) => void
  readonly onTerm: (word: string) => void
}

function Found({ answer: { data, error }, asked, openId, onOpen, onTerm }: FoundProps): ReactNode {
  if (error !== null)
    return (
      <div className="flex-1 p-4">
        <Problem error={error} />
      </div>
    )
  if (data === undefined)
    return (
      <div className="flex-1 p-4">
        <Loading rows={8} />
      </div>
    )
  if (data === null)
    return (
      <div className="flex-1">
        <Empty title="There is no index here">This desk runs without an index of all requests: see Live tail.</Empty>
      </div>
    )
  return (
    <>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keys */}
      <div
        className="hidden w-56 shrink-0 overflow-auto border-r border-line p-3 xl:block"
        tabIndex={0}
        role="region"
        aria-label="Facets"
      >
        <Facets asked={asked} onTerm={onTerm} />
      </div>
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <div className="shrink-0 border-b border-line px-3 pt-2">
          <Histogram asked={asked} />
        </div>
        <Answer answer={data} q={asked.q} spanMs={asked.spanMs} openId={openId} onOpen={onOpen} />
      </div>
    </>
  )
}

interface AnswerProps {
  readonly answer: Answered
  readonly q: string
  readonly spanMs: number
  readonly openId: string | null
  readonly onOpen: (id: string) => void
}

function Answer({ answer, q, spanMs, openId, onOpen }: AnswerProps): ReactNode {
  const rows = useMemo(
    () =>
      answer.kind === 'events' ? answer.rows.map((shown): TailRow => ({ kind: 'record', shown, isNew: false })) : [],
    [answer],
  )
  if (answer.kind === 'table') return <AnswerTable answer={answer} q={q} spanMs={spanMs} />
  if (rows.length === 0)
    return <Empty title="Nothing matches in this time">A longer time range, or fewer words, may find something.</Empty>
  return (
    <>
      <Rows
        rows={rows}
        cursor={-1}
        openId={openId}
        onOpen={onOpen}
        onScroll={nothing}
        onEnd={nothing}
        onFill={nothing}
      />
      {answer.matched > rows.length ? (
        <p className="shrink-0 border-t border-line px-3 py-1 text-[12px] text-muted">
          the newest {count(rows.length)} of {count(answer.matched)}
        </p>
      ) : null}
    </>
  )
}

function nothing(): void {
  // All rows are here from the beginning.
}

const shortfalls = {
  deadline: 'time ran out',
  memory: 'it was too much for the memory',
  behind: 'the newest are not in the index yet',
  pruned: 'the oldest are no longer in the index',
} as const

/** What the answer cost, and whether it is of everything. */
function Said({ matched, rowsScanned, scanned, elapsedMs, short, partial }: Answered): ReactNode {
  return (
    <span className="text-[12px] text-muted">
      {count(matched)} of {count(rowsScanned)} requests · {count(elapsedMs)} ms ·{' '}
      {partial ? (
        <span className="text-warn">
          in part ({percent(scanned)}): {short.map((why) => shortfalls[why]).join(', ')}
        </span>
      ) : (
        'every record, no sampling'
      )}
    </span>
  )
}

function QueryBox({ text, onAsk }: { text: string; onAsk: (text: string) => void }): ReactNode {
  const [draft, setDraft] = useState(text)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => setDraft(text), [text])
  useKeys({ '/': () => input.current?.focus() })
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') input.current?.blur()
    if (event.key === 'Enter') onAsk(draft.trim())
  }
  return (
    <div className="flex shrink-0 gap-2 border-b border-line bg-surface px-4 py-2">
      <div className="relative flex-1">
        <Icon name="search" className="absolute top-1/2 left-2.5 -translate-y-1/2 text-faint" />
        <input
          ref={input}
          type="search"
          aria-label="Query"
          placeholder='status:401,403 -ip:10.0.0.0/8 ms:>200   or   route:"GET /v1/*" | p95(ms), count by consumer      press /'
          spellCheck={false}
          autoComplete="off"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={onKeyDown}
          className="machine h-8 w-full rounded-md border border-line bg-bg pr-2 pl-8 text-text placeholder:text-faint [&::-webkit-search-cancel-button]:hidden"
        />
      </div>
      <Button look="main" className="h-8" onClick={() => onAsk(draft.trim())}>
        Ask
      </Button>
      {text === '' ? null : (
        <Button look="quiet" className="h-8" onClick={() => onAsk('')}>
          Clear
        </Button>
      )}
    </div>
  )
}
