import { useSyncExternalStore } from 'react'

export type ThemeChoice = 'system' | 'dark' | 'light'
export type Theme = 'dark' | 'light'

const storageKey = 'gatehouse.theme'
const prefersDark: MediaQueryList = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

/** What was chosen; `system` when nothing was. */
export function themeChoice(): ThemeChoice {
  const kept = localStorage.getItem(storageKey)
  return kept === 'dark' || kept === 'light' ? kept : 'system'
}

/** Chooses a theme, for this browser. */
export function chooseTheme(choice: ThemeChoice): void {
  if (choice === 'system') localStorage.removeItem(storageKey)
  else localStorage.setItem(storageKey, choice)
  applyTheme()
}

/** The theme that shows. */
export function theme(): Theme {
  const choice = themeChoice()
  if (choice !== 'system') return choice
  return prefersDark.matches ? 'dark' : 'light'
}

/** Puts it on the page; called before anything is drawn, and whenever the system's changes. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme()
  for (const listener of listeners) listener()
}

prefersDark.addEventListener('change', applyTheme)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The theme that shows, for what is drawn by its colours. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme)
}

/** What was chosen. */
export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice)
}
