import { Toast } from '@base-ui/react/toast'
import type { ReactNode } from 'react'
import { Button } from './controls.tsx'
import { Icon } from './icons.tsx'
import { errorText } from './states.tsx'

const toasts = Toast.createToastManager()

/** Says what was done, for a while; with a way back where there is one. */
export function say(text: string, undo?: { readonly label: string; readonly act: () => void }): void {
  toasts.add({
    title: text,
    type: 'done',
    timeout: undo === undefined ? 5_000 : 10_000,
    ...(undo === undefined ? {} : { actionProps: { children: undo.label, onClick: undo.act } }),
  })
}

/** Says what could not be done. */
export function sayError(error: unknown): void {
  const { message, code } = errorText(error)
  toasts.add({ title: message, description: code, type: 'failed', priority: 'high', timeout: 12_000 })
}

/** Where it is said. */
export function Toasts(): ReactNode {
  return (
    <Toast.Provider toastManager={toasts} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-60 flex w-[min(400px,92vw)] flex-col gap-2 outline-none">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function ToastList(): ReactNode {
  return Toast.useToastManager().toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="panel bg-raise px-3 py-2 shadow-lg">
      <Toast.Content className="flex items-start gap-2">
        <Icon
          name={toast.type === 'failed' ? 'warning' : 'ok'}
          className={`mt-[3px] ${toast.type === 'failed' ? 'text-bad' : 'text-ok'}`}
        />
        <div className="min-w-0 flex-1">
          <Toast.Title className="break-words" render={<p />} />
          <Toast.Description className="machine text-muted" />
        </div>
        <Toast.Action className="link text-[13px]" />
        <Toast.Close render={<Button look="quiet" icon="close" aria-label="Dismiss" className="-mr-1.5 h-6 px-1" />} />
      </Toast.Content>
    </Toast.Root>
  ))
}
