import { createContext, type ReactNode, useContext } from 'react'
import { Key } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'

/** Opens the palette; what stands around the pages provides it. */
export const OpenPalette: React.Context<() => void> = createContext<() => void>(() => undefined)

/** The head of a page: its name, how fresh it is, and what can be done. */
export function PageHead({
  title,
  children,
  actions,
}: {
  title: ReactNode
  children?: ReactNode
  actions?: ReactNode
}): ReactNode {
  const openPalette = useContext(OpenPalette)
  return (
    <div className="flex min-h-12 shrink-0 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line bg-surface px-4 py-2">
      <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
        <h1 className="text-[16px] font-bold whitespace-nowrap">{title}</h1>
        {children}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <button
          type="button"
          onClick={openPalette}
          className="hidden h-7 items-center gap-2 rounded-md border border-line bg-raise px-2.5 text-muted hover:border-faint hover:text-text lg:inline-flex"
        >
          <Icon name="search" /> Search or jump to… <Key>Ctrl K</Key>
        </button>
        {actions}
      </div>
    </div>
  )
}

/** What scrolls below it. */
export function PageBody({ children }: { children: ReactNode }): ReactNode {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keys
    <div className="min-h-0 flex-1 overflow-auto p-4" tabIndex={0} role="region" aria-label="Content">
      {children}
    </div>
  )
}
