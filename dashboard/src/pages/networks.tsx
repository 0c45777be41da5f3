import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { type NetworkRule, networksRead, releaseNetwork } from '../api/networks.ts'
import { PageBody, PageHead } from '../app/page-head.tsx'
import { useMayChange } from '../app/session.ts'
import { nameOf } from '../incidents/badges.tsx'
import { dateTime, span, utc } from '../lib/format.ts'
import { term } from '../live/filter.ts'
import { BlockDialog } from '../parts/block-dialog.tsx'
import { Badge, Button } from '../parts/controls.tsx'
import { Empty, isAbsent, Loading, Problem } from '../parts/states.tsx'
import { say, sayError } from '../parts/toasts.tsx'

/** Networks that are blocked, or let through although a wider one is blocked. */
export function NetworksPage(): ReactNode {
  const { data, error, refetch } = useQuery(networksRead)
  const mayChange = useMayChange()
  const [asking, setAsking] = useState(false)
  return (
    <>
      <PageHead
        title="Networks"
        actions={
          mayChange && data !== undefined ? (
            <Button look="bad" icon="refused" onClick={() => setAsking(true)}>
              Block a network…
            </Button>
          ) : undefined
        }
      >
        <span className="text-[12px] text-muted">
          blocked by hand, at once on all threads; each block ends by itself
        </span>
      </PageHead>
      <PageBody>
        <div className="panel overflow-x-auto p-3">
          {data !== undefined ? (
            <List items={data.items} mayChange={mayChange} />
          ) : error === null ? (
            <Loading />
          ) : isAbsent(error) ? (
            <Empty title="Networks cannot be blocked here">This desk has no list of networks.</Empty>
          ) : (
            <Problem error={error} onRetry={() => void refetch()} />
          )}
        </div>
      </PageBody>
      <BlockDialog network={asking ? '' : null} onClose={() => setAsking(false)} />
    </>
  )
}

function List({ items, mayChange }: { items: readonly NetworkRule[]; mayChange: boolean }): ReactNode {
  if (items.length === 0)
    return (
      <Empty title="Nobody is blocked" command="gatehouse block 203.0.113.0/28 --for 1h --reason '…'">
        Block a network here, from an incident, from any request, or by the command:
      </Empty>
    )
  return (
    <table className="w-full">
      <thead>
        <tr className="text-left text-[12px] font-semibold text-muted">
          {['Network', 'Rule', 'Why', 'By', 'Since', 'Until', ''].map((name) => (
            <th key={name} scope="col" className="px-2 pb-1.5">
              {name === '' ? <span className="sr-only">Actions</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((rule) => (
          <Row key={rule.id} rule={rule} mayChange={mayChange} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ rule, mayChange }: { rule: NetworkRule; mayChange: boolean }): ReactNode {
  const { cidr, verdict, reason, by, createdAtMs, expiresAtMs } = rule
  const client = useQueryClient()
  const release = useMutation({
    mutationFn: () => releaseNetwork(rule.id),
    onSuccess: async () => {
      say(`${cidr} is released`)
      await client.invalidateQueries()
    },
    onError: sayError,
  })
  return (
    <tr className="h-[34px] border-t border-line hover:bg-raise">
      <td className="px-2">
        <Link to="/live" search={{ q: term('ip', cidr) }} className="machine link">
          {cidr}
        </Link>
      </td>
      <td className="px-2">
        {verdict === 'block' ? (
          <Badge tone="bad" icon="refused">
            blocked
          </Badge>
        ) : (
          <Badge tone="ok" icon="ok">
            let through
          </Badge>
        )}
      </td>
      <td className="px-2">{reason}</td>
      <td className="px-2">{nameOf(by)}</td>
      <td className="px-2 whitespace-nowrap" title={utc(createdAtMs)}>
        {dateTime(createdAtMs)}
      </td>
      <td className="px-2 whitespace-nowrap">
        {expiresAtMs === null ? 'released by hand' : `in ${span(expiresAtMs - Date.now())}`}
      </td>
      <td className="px-2 text-right">
        {mayChange ? (
          <Button disabled={release.isPending} onClick={() => release.mutate()}>
            Release
          </Button>
        ) : null}
      </td>
    </tr>
  )
}
