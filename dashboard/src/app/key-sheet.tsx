import type { ReactNode } from 'react'
import { Key } from '../parts/controls.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { keyHelp } from './keyboard.ts'

/** All keys, on one sheet. */
export function KeySheet({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  return (
    <Dialog open={open} onClose={onClose} title="Keys">
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
        {keyHelp.map(({ where, keys }) => (
          <section key={where}>
            <h3 className="heading mb-1">{where}</h3>
            <dl>
              {keys.map(({ keys: names, does }) => (
                <div key={names} className="flex items-center justify-between gap-3 py-0.5">
                  <dt>{does}</dt>
                  <dd className="flex gap-1">
                    {names.split(' ').map((name) => (
                      <Key key={name}>{name}</Key>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="mt-4 text-[12px] text-muted">No single key does what cannot be undone.</p>
    </Dialog>
  )
}
