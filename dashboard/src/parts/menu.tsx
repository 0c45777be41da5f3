import { Menu as Base } from '@base-ui/react/menu'
import type { ReactNode } from 'react'
import { buttonClass, type ButtonLook } from './controls.tsx'
import { Icon, type IconName } from './icons.tsx'

export interface Choice<T extends string> {
  readonly value: T
  readonly label: string
  readonly icon?: IconName
}

export interface ChoiceMenuProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly choices: readonly Choice<T>[]
  readonly onChoose: (value: T) => void
  readonly children: ReactNode
  readonly look?: ButtonLook
}

/** One of a few, chosen from a menu. */
export function ChoiceMenu<T extends string>({
  label,
  value,
  choices,
  onChoose,
  children,
  look = 'plain',
}: ChoiceMenuProps<T>): ReactNode {
  return (
    <Base.Root modal={false}>
      <Base.Trigger className={buttonClass(look)}>
        <span className="sr-only">{label}: </span>
        {children}
        <Icon name="down" size={12} />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className="z-50" sideOffset={4} align="end">
          <Base.Popup className="panel min-w-40 p-1 outline-none">
            <Base.RadioGroup value={value} onValueChange={(next: T) => onChoose(next)}>
              {choices.map((choice) => (
                <Base.RadioItem
                  key={choice.value}
                  value={choice.value}
                  closeOnClick
                  className="flex cursor-default items-center gap-2 rounded px-2 py-1 outline-none data-[highlighted]:bg-chosen"
                >
                  <span className="inline-flex w-3.5">
                    <Base.RadioItemIndicator>
                      <Icon name="ok" size={12} />
                    </Base.RadioItemIndicator>
                  </span>
                  {choice.icon === undefined ? null : <Icon name={choice.icon} />}
                  {choice.label}
                </Base.RadioItem>
              ))}
            </Base.RadioGroup>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
