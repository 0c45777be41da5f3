import { Dialog as Base } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'
import { Button } from './controls.tsx'

export interface DialogProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly children: ReactNode
  /** @default 'middle' */
  readonly place?: 'middle' | 'side' | 'top'
  /** Hidden from the eye where the content says it. @default shown */
  readonly titleHidden?: boolean
}

const places = {
  middle: 'fixed top-1/2 left-1/2 w-[min(560px,94vw)] -translate-x-1/2 -translate-y-1/2 max-h-[88vh]',
  top: 'fixed top-[12vh] left-1/2 w-[min(600px,94vw)] -translate-x-1/2 max-h-[76vh]',
  side: 'fixed top-0 right-0 h-full w-[min(520px,96vw)] rounded-none border-y-0 border-r-0',
} as const

/** A window over the page: has the focus while it is open, and goes with Escape. */
export function Dialog({
  open,
  onClose,
  title,
  children,
  place = 'middle',
  titleHidden = false,
}: DialogProps): ReactNode {
  return (
    <Base.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/50" />
        <Base.Popup data-window="" className={`panel z-50 flex flex-col overflow-hidden outline-none ${places[place]}`}>
          <div
            className={
              titleHidden ? 'sr-only' : 'flex items-center justify-between gap-3 border-b border-line px-4 py-2.5'
            }
          >
            <Base.Title className="text-[14px] font-semibold">{title}</Base.Title>
            <Base.Close render={<Button look="quiet" icon="close" aria-label="Close" className="px-1.5" />} />
          </div>
          <div className="min-h-0 flex-1 overflow-auto p-4">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
