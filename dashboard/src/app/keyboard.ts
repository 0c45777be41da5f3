import { useEffect, useRef } from 'react'

/** What keys do, by the key's name as `KeyboardEvent.key` has it; `g x` for two in a row. */
export type Keys = Readonly<Record<string, () => void>>

const secondMs = 1_200

/** Listens while the component stands. Keys mean nothing while one writes, and while a window is open over the page. */
export function useKeys(keys: Keys): void {
  const newest = useRef(keys)
  newest.current = keys
  useEffect(() => {
    let first: { readonly key: string; readonly atMs: number } | null = null
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.altKey || isBusy(event.target) || presses(event)) return
      const isCommand = event.metaKey || event.ctrlKey
      const pair = first !== null && performance.now() - first.atMs < secondMs ? `${first.key} ${event.key}` : ''
      first = null
      const act =
        newest.current[isCommand ? `mod+${event.key.toLowerCase()}` : pair] ??
        (isCommand ? undefined : newest.current[event.key])
      if (act !== undefined) {
        event.preventDefault()
        act()
      } else if (!isCommand && Object.keys(newest.current).some((name) => name.startsWith(`${event.key} `)))
        first = { key: event.key, atMs: performance.now() }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

/** Space and Enter press what has the focus; in a list of rows Space is the list's. */
function presses({ key, target }: KeyboardEvent): boolean {
  if ((key !== ' ' && key !== 'Enter') || !(target instanceof HTMLElement)) return false
  const pressed = target.closest('button, a, summary, label')
  return pressed !== null && (key === 'Enter' || pressed.closest('[role="row"]') === null)
}

function isBusy(target: EventTarget | null): boolean {
  if (document.querySelector('[data-window], [role="menu"]') !== null) return true
  return (
    target instanceof HTMLElement &&
    target.closest('input:not([type="checkbox"]), textarea, select, [contenteditable]') !== null
  )
}

/** One line of the sheet of keys. */
export interface KeyHelp {
  readonly keys: string
  readonly does: string
}

/** What `?` shows. */
export const keyHelp: readonly { readonly where: string; readonly keys: readonly KeyHelp[] }[] = [
  {
    where: 'Everywhere',
    keys: [
      { keys: 'g o', does: 'Overview' },
      { keys: 'g l', does: 'Live tail' },
      { keys: 'g e', does: 'Explore' },
      { keys: 'g i', does: 'Incidents' },
      { keys: 'g n', does: 'Networks' },
      { keys: 'g p', does: 'Ledger (proof)' },
      { keys: 'g r', does: 'Reviews' },
      { keys: 'Ctrl K', does: 'Search or jump to' },
      { keys: '?', does: 'This sheet' },
    ],
  },
  {
    where: 'Live tail, Explore',
    keys: [
      { keys: '/', does: 'Write a filter' },
      { keys: 'Space', does: 'Pause, resume' },
      { keys: 'j k', does: 'Next row, row before' },
      { keys: 'Enter', does: 'Open the row' },
      { keys: 'Esc', does: 'Close it' },
    ],
  },
  { where: 'An incident', keys: [{ keys: 'a', does: 'Acknowledge' }] },
  {
    where: 'A review',
    keys: [
      { keys: '1 … 6', does: 'Decide about the chosen item' },
      { keys: 'j k', does: 'Next item, item before' },
      { keys: 'n', does: 'Write its note' },
    ],
  },
]
