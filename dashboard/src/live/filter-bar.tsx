import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useState } from 'react'
import { Button } from '../parts/controls.tsx'
import { Icon, type IconName } from '../parts/icons.tsx'
import { liveFields } from './fields.ts'
import { type LiveFilter, parseFilter, valuesIn, withTerm } from './filter.ts'

export interface FilterBarProps {
  readonly text: string
  readonly onChange: (text: string) => void
  readonly input: RefObject<HTMLInputElement | null>
}

const outcomes: readonly { readonly value: string; readonly label: string; readonly icon: IconName }[] = [
  { value: 'served', label: 'Served', icon: 'ok' },
  { value: 'refused', label: 'Refused', icon: 'refused' },
  { value: 'failed', label: 'Failed', icon: 'failed' },
  { value: 'aborted', label: 'Aborted', icon: 'aborted' },
]
const classes = ['2xx', '4xx', '5xx'] as const

/** The filter as words, and its commonest words as buttons. It applies with Enter, and is checked while one writes. */
export function FilterBar({ text, onChange, input }: FilterBarProps): ReactNode {
  const [draft, setDraft] = useState(text)
  useEffect(() => setDraft(text), [text])
  const filter = parseFilter(draft)
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') onChange(draft.trim())
    else if (event.key === 'Escape') {
      setDraft(text)
      input.current?.blur()
    } else return
    event.preventDefault()
  }
  return (
    <div className="shrink-0 border-b border-line bg-surface px-4 py-2">
      <div className="flex flex-wrap items-center gap-2">
        <div className="relative min-w-60 flex-1">
          <Icon name="search" className="absolute top-1/2 left-2.5 -translate-y-1/2 text-faint" />
          <input
            ref={input}
            type="search"
            aria-label="Filter"
            aria-invalid={filter.problems.length > 0}
            aria-describedby="filter-help"
            placeholder="outcome:refused  consumer:acme  status:401,403  path:/v1/*  ip:203.0.113.0/28  or any text      press /"
            spellCheck={false}
            autoComplete="off"
            value={draft}
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={onKeyDown}
            className="machine h-8 w-full [&::-webkit-search-cancel-button]:hidden rounded-md border border-line bg-bg pr-2 pl-8 text-text placeholder:text-faint aria-invalid:border-bad"
          />
        </div>
        <Chips filter={parseFilter(text)} text={text} onChange={onChange} />
      </div>
      <Help filter={filter} isChanged={draft.trim() !== text} isEmpty={draft.trim() === ''} />
    </div>
  )
}

function Chips({
  filter,
  text,
  onChange,
}: {
  filter: LiveFilter
  text: string
  onChange: (text: string) => void
}): ReactNode {
  const chip = (field: string, value: string, label: string, icon?: IconName): ReactNode => {
    const isOn = valuesIn(filter, field).includes(value)
    return (
      <Button
        key={value}
        aria-pressed={isOn}
        {...(icon === undefined ? {} : { icon })}
        className={`h-8 ${isOn ? 'border-accent! bg-chosen! font-semibold' : ''}`}
        onClick={() => onChange(withTerm(text, field, isOn ? null : value))}
      >
        {label}
      </Button>
    )
  }
  return (
    <div className="flex flex-wrap gap-1" role="group" aria-label="Common filters">
      {outcomes.map(({ value, label, icon }) => chip('outcome', value, label, icon))}
      {classes.map((value) => chip('status', value, value))}
      {text === '' ? null : (
        <Button look="quiet" className="h-8" onClick={() => onChange('')}>
          Clear
        </Button>
      )}
    </div>
  )
}

function Help({ filter, isChanged, isEmpty }: { filter: LiveFilter; isChanged: boolean; isEmpty: boolean }): ReactNode {
  if (filter.problems.length > 0)
    return (
      <p id="filter-help" role="alert" className="mt-1 text-[12px] text-bad">
        {filter.problems.join('; ')} — fields: {liveFields.map(({ name }) => name).join(', ')}
      </p>
    )
  return (
    <p id="filter-help" className={isChanged && !isEmpty ? 'mt-1 text-[12px] text-muted' : 'sr-only'}>
      Enter applies it. Words are joined by and; , means or; - means not; * stands for anything; also &gt;200, 10..50
      and networks.
    </p>
  )
}
