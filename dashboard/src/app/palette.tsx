import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react'
import { Dialog } from '../parts/dialog.tsx'
import { Icon, type IconName } from '../parts/icons.tsx'
import { Key } from '../parts/controls.tsx'
import { parseFilter } from '../live/filter.ts'
import { pages } from './pages.ts'
import { chooseTheme } from './theme.ts'

interface Jump {
  readonly name: string
  readonly hint: string
  readonly icon: IconName
  readonly act: () => void
}

/** Jumps to a page, a request, an incident, or the records that a filter means. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  return (
    <Dialog open={open} onClose={onClose} title="Search or jump to" place="top" titleHidden>
      {open ? <Search onClose={onClose} /> : null}
    </Dialog>
  )
}

function Search({ onClose }: { onClose: () => void }): ReactNode {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const listId = useId()
  const jumps = useJumps(text.trim())
  const at = Math.min(chosen, jumps.length - 1)
  const go = (jump: Jump | undefined): void => {
    if (jump === undefined) return
    onClose()
    jump.act()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setChosen((at + 1) % Math.max(1, jumps.length))
    else if (event.key === 'ArrowUp') setChosen((at + jumps.length - 1) % Math.max(1, jumps.length))
    else if (event.key === 'Enter') go(jumps[at])
    else return
    event.preventDefault()
  }
  return (
    <>
      <input
        type="search"
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={jumps[at] === undefined ? undefined : `${listId}-${at}`}
        aria-label="Search or jump to"
        placeholder="A page, a request id, INC-1, or a filter such as status:403 ip:203.0.113.0/24"
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setChosen(0)
        }}
        onKeyDown={onKeyDown}
        className="mb-2 h-9 w-full [&::-webkit-search-cancel-button]:hidden rounded-md border border-line bg-bg px-3 placeholder:text-faint"
      />
      <ul id={listId} role="listbox" aria-label="Where to">
        {jumps.map(({ name, hint, icon }, index) => (
          <li
            key={`${name} ${hint}`}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerMove={() => setChosen(index)}
            onClick={() => go(jumps[index])}
            className={`flex cursor-pointer items-center gap-2 rounded px-2 py-1.5 ${index === at ? 'bg-chosen' : ''}`}
          >
            <Icon name={icon} className="text-muted" />
            <span className="flex-1 truncate">{name}</span>
            {hint === '' ? null : <Key>{hint}</Key>}
          </li>
        ))}
      </ul>
    </>
  )
}

const requestId = /^[0-9a-f]{32}$/
const incidentId = /^inc-?(\d{1,9})$/i

function useJumps(text: string): readonly Jump[] {
  const navigate = useNavigate()
  const word = text.toLowerCase()
  const found: Jump[] = []
  const incident = incidentId.exec(text)?.[1]
  if (incident !== undefined) {
    const act = (): void => void navigate({ to: '/incidents/$id', params: { id: `INC-${incident}` } })
    found.push({ name: `Incident INC-${incident}`, hint: '', icon: 'warning', act })
  }
  if (requestId.test(word)) {
    const act = (): void => void navigate({ to: '/live', search: { r: word } })
    found.push({ name: `Request ${word}`, hint: '', icon: 'right', act })
  }
  if (text !== '' && parseFilter(text).problems.length === 0) {
    const act = (): void => void navigate({ to: '/live', search: { q: text } })
    found.push({ name: `Records: ${text}`, hint: '', icon: 'search', act })
  }
  const open: readonly Jump[] = [
    ...pages.map(({ path, name, key }): Jump => ({
      name,
      hint: `g ${key}`,
      icon: 'right',
      act: () => void navigate({ to: path }),
    })),
    {
      name: 'Refused requests',
      hint: '',
      icon: 'refused',
      act: () => void navigate({ to: '/live', search: { q: 'outcome:refused' } }),
    },
    { name: 'Dark theme', hint: '', icon: 'moon', act: () => chooseTheme('dark') },
    { name: 'Light theme', hint: '', icon: 'sun', act: () => chooseTheme('light') },
  ]
  return [...open.filter(({ name }) => name.toLowerCase().includes(word)), ...found]
}
