import type { ReactNode } from 'react'
import { Button } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { ChoiceMenu } from '../parts/menu.tsx'
import { useSession, useSignOut } from './session.ts'
import { chooseTheme, type ThemeChoice, useThemeChoice } from './theme.ts'

const themes = [
  { value: 'system', label: 'As the system', icon: 'screen' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
  { value: 'light', label: 'Light', icon: 'sun' },
] as const

/** Light or dark. */
export function ThemeMenu(): ReactNode {
  const choice = useThemeChoice()
  const chosen = themes.find(({ value }) => value === choice)
  return (
    <ChoiceMenu<ThemeChoice> label="Theme" value={choice} choices={themes} onChoose={chooseTheme} look="quiet">
      <Icon name={chosen?.icon ?? 'screen'} /> {chosen?.label}
    </ChoiceMenu>
  )
}

/** Who is signed in, and the way out. */
export function AccountMenu(): ReactNode {
  const session = useSession()
  const signOut = useSignOut()
  if (session === null) return null
  return (
    <div className="mt-2 flex w-full items-center justify-between gap-2 border-t border-line px-2.5 pt-3">
      <span className="flex min-w-0 items-center gap-2 text-muted">
        <Icon name="person" />
        <span className="truncate text-text">{session.name}</span>
        <span className="text-[12px] text-faint">{session.role}</span>
      </span>
      <Button look="quiet" className="-mr-2 px-2 text-[12px]" onClick={signOut}>
        Sign out
      </Button>
    </div>
  )
}
