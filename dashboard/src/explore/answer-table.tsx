import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Answered } from '../api/types.ts'
import { bytes, count, dateTime, duration } from '../lib/format.ts'
import { term } from '../live/filter.ts'
import { Empty } from '../parts/states.tsx'
import { filterOf } from './use-answers.ts'

type Table = Extract<Answered, { kind: 'table' }>

/** What a stage counted; each group leads to its requests. */
export function AnswerTable({ answer, q, spanMs }: { answer: Table; q: string; spanMs: number }): ReactNode {
  const { columns, rows, total } = answer
  if (rows.length === 0) return <Empty title="Nothing matches in this time" />
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keys
    <div className="min-h-0 flex-1 overflow-auto p-3" tabIndex={0} role="region" aria-label="Answer">
      <table className="w-full">
        <thead>
          <tr className="text-[12px] font-semibold text-muted">
            {columns.map(({ name, kind }) => (
              <th key={name} scope="col" className={`px-2 pb-1.5 ${isFigure(kind) ? 'text-right' : 'text-left'}`}>
                {titles[name] ?? name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- an answer does not change
            <tr key={index} className="h-[26px] border-t border-line hover:bg-raise">
              {columns.map(({ name, kind }, at) => {
                const value = row[at] ?? null
                return (
                  <td key={name} className={`machine px-2 ${isFigure(kind) ? 'text-right' : ''}`}>
                    {kind === 'text' || kind === 'address' ? (
                      <Link
                        to="/explore"
                        search={{ q: narrowed(q, name, value), span: spanMs }}
                        className="hover:underline"
                      >
                        {value === null || value === '' ? 'none' : String(value)}
                      </Link>
                    ) : (
                      cellText(kind, value)
                    )}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {total > rows.length ? (
        <p className="mt-2 text-muted">
          the largest {count(rows.length)} of {count(total)}
        </p>
      ) : null}
    </div>
  )
}

const titles: Readonly<Record<string, string>> = {
  p50Us: 'p50',
  p95Us: 'p95',
  p99Us: 'p99',
  maxUs: 'longest',
  requestBytes: 'bytes in',
  responseBytes: 'bytes out',
}

type Kind = Table['columns'][number]['kind']

function isFigure(kind: Kind): boolean {
  return kind === 'number' || kind === 'duration' || kind === 'size'
}

function narrowed(q: string, name: string, value: string | number | null): string {
  const word = value === null || value === '' ? `-${name}:*` : term(name, String(value))
  return `${filterOf(q)} ${word}`.trim()
}

function cellText(kind: Kind, value: string | number | null): string {
  if (value === null) return '–'
  switch (kind) {
    case 'duration':
      return duration(Number(value))
    case 'size':
      return bytes(Number(value))
    case 'time':
      return dateTime(Number(value))
    case 'number':
      return count(Number(value))
    default:
      return String(value)
  }
}
