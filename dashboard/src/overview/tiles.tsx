import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { OverviewAnswer } from '../api/types.ts'
import { count, duration, figure, percent, span } from '../lib/format.ts'
import { Icon, type IconName } from '../parts/icons.tsx'
import { toneText, type Tone } from '../parts/tone.ts'
import { newestRates, type Rates, refusedOf } from './rates.ts'

interface TileProps {
  readonly name: string
  readonly value: ReactNode
  readonly tone?: Tone
  readonly icon?: IconName
  readonly below: ReactNode
  readonly link: { readonly to: '/live' | '/ledger'; readonly q?: string }
}

/** The six figures that one looks at first; each leads to the records behind it. */
export function Tiles({ overview, minutes }: { overview: OverviewAnswer; minutes: number }): ReactNode {
  const { totals } = overview
  const now = newestRates(overview)
  const p95Ms = totals.p95Us === null ? null : Math.round(totals.p95Us / 1000)
  const errors = now.requests === 0 ? 0 : now.errors / now.requests
  return (
    <div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <Tile
        name="Requests"
        value={`${figure(now.requests)}/s`}
        below={usualRequests(overview, now)}
        link={{ to: '/live' }}
      />
      <Tile
        name="Denied"
        value={`${figure(now.denied)}/s`}
        tone={now.denied > 0 ? 'bad' : 'text'}
        below={usualRefused(overview, now)}
        link={{ to: '/live', q: 'outcome:refused status:401,403' }}
      />
      <Tile
        name="Limited"
        value={`${figure(now.limited)}/s`}
        tone={now.limited > 0 ? 'warn' : 'text'}
        below={limitedText(overview)}
        link={{ to: '/live', q: 'outcome:refused status:429' }}
      />
      <Tile
        name="Errors 5xx"
        value={percent(errors)}
        tone={errors > 0.01 ? 'bad' : 'text'}
        below={`${count(totals.served5xx)} by upstreams, ${count(totals.failed)} failed in ${minutes} min`}
        link={{ to: '/live', q: 'status:5xx' }}
      />
      <Tile
        name="p95 latency"
        value={totals.p95Us === null ? '–' : duration(totals.p95Us)}
        below={
          totals.gatewayP95Us === null ? 'nothing measured yet' : `Gatehouse adds ${duration(totals.gatewayP95Us)}`
        }
        link={{ to: '/live', ...(p95Ms === null ? {} : { q: `ms:>=${p95Ms}` }) }}
      />
      <LedgerTile {...overview.ledger} />
    </div>
  )
}

function Tile({ name, value, tone = 'text', icon, below, link }: TileProps): ReactNode {
  return (
    <Link
      to={link.to}
      search={link.q === undefined ? {} : { q: link.q }}
      className="panel block p-3 hover:border-faint"
    >
      <span className="heading block">{name}</span>
      <span className={`mt-1 flex items-center gap-1.5 text-[22px] leading-8 font-bold ${toneText[tone]}`}>
        {icon === undefined ? null : <Icon name={icon} size={18} />}
        {value}
      </span>
      <span className="block min-h-5 text-[12px] text-muted">{below}</span>
    </Link>
  )
}

function usualRequests({ totals }: OverviewAnswer, now: Rates): ReactNode {
  if (totals.usual === null) return `${count(totals.requests)} so far; usual not known yet`
  const usual = totals.usual.requestsPerSecond
  if (usual === 0) return 'usually none'
  const change = now.requests / usual - 1
  return `${change >= 0 ? '+' : '−'}${figure(Math.abs(Math.round(change * 100)))} % v usual ${figure(usual)}/s`
}

function usualRefused({ totals }: OverviewAnswer, now: Rates): ReactNode {
  const all = refusedOf(totals.refused)
  if (totals.usual === null)
    return `${count(totals.refused.unauthenticated)} without, ${count(totals.refused.denied)} not allowed`
  const usual = totals.usual.refusedPerSecond
  const times = usual === 0 ? null : now.refused / usual
  if (times !== null && times >= 2)
    return (
      <span className="text-bad">
        <Icon name="rise" size={10} /> {figure(times)}× usual refusals
      </span>
    )
  return `${count(all)} refused in all; usual ${figure(usual)}/s`
}

function limitedText({ limits }: OverviewAnswer): string {
  const full = limits.filter(({ fill }) => fill >= 1).length
  const near = limits.filter(({ fill }) => fill >= 0.8 && fill < 1).length
  if (full > 0) return `${count(full)} over quota, ${count(near)} near it`
  return near > 0 ? `${count(near)} near their quota` : 'nobody near a quota'
}

/** Longer without a checkpoint something is slow. */
const lateMs = 10_000

function LedgerTile({ size, checkpointAgeMs, checkpointSize, sealed }: OverviewAnswer['ledger']): ReactNode {
  if (checkpointAgeMs === null || checkpointSize === null)
    return <Tile name="Ledger" value={count(size)} below="records; no checkpoint is known" link={{ to: '/ledger' }} />
  // A checkpoint is signed each second while records come: those of this very second are on their way.
  const isSealed = sealed || checkpointAgeMs < lateMs
  return (
    <Tile
      name="Ledger"
      value={isSealed ? 'sealed' : 'not sealed'}
      icon={isSealed ? 'ok' : 'warning'}
      tone={isSealed ? 'ok' : 'warn'}
      below={`${span(checkpointAgeMs)} ago · ${count(checkpointSize)} of ${count(size)} records`}
      link={{ to: '/ledger' }}
    />
  )
}
