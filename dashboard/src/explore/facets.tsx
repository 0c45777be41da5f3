import type { ReactNode } from 'react'
import { count } from '../lib/format.ts'
import { term } from '../live/filter.ts'
import { type Asked, filterOf, useAnswer } from './use-answers.ts'

const facets = ['outcome', 'reason', 'route', 'consumer', 'network', 'agent'] as const
const valuesMax = 6

export interface FacetsProps {
  readonly asked: Asked
  /** Takes a term that narrows the filter. */
  readonly onTerm: (word: string) => void
}

/** The commonest values of what a security question starts from, counted exactly; each narrows the filter. */
export function Facets({ asked, onTerm }: FacetsProps): ReactNode {
  return (
    <div className="space-y-3">
      {facets.map((name) => (
        <Facet key={name} name={name} asked={asked} onTerm={onTerm} />
      ))}
    </div>
  )
}

function Facet({ name, asked, onTerm }: FacetsProps & { name: string }): ReactNode {
  const { data, error, isPlaceholderData } = useAnswer(
    `${filterOf(asked.q)} | top ${valuesMax} ${name}`,
    asked,
    valuesMax,
  )
  if (error !== null) return <p className="text-[12px] text-bad">{name}: not counted</p>
  if (data?.kind !== 'table') return null
  const most = Number(data.rows[0]?.[1] ?? 0)
  return (
    <section className={isPlaceholderData ? 'opacity-60' : ''}>
      <h2 className="flex justify-between text-[12px] font-semibold">
        {name} <span className="text-muted">{count(data.total)}</span>
      </h2>
      <ul>
        {data.rows.map(([value = null, n]) => {
          const text = value === null || value === '' ? 'none' : String(value)
          const word = text === 'none' ? `-${name}:*` : term(name, text)
          return (
            <li key={text}>
              <button
                type="button"
                title={`Only ${word}`}
                onClick={() => onTerm(word)}
                className="relative flex h-6 w-full items-center justify-between gap-2 overflow-hidden rounded px-1.5 hover:outline-1 hover:outline-faint"
              >
                <span
                  aria-hidden="true"
                  className="absolute inset-y-0 left-0 rounded bg-raise"
                  style={{ width: `${most === 0 ? 0 : (Number(n) / most) * 100}%` }}
                />
                <span className="machine relative truncate">{text}</span>
                <span className="machine relative text-muted">{count(Number(n))}</span>
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
