/** One thing examined: what was found, and the command or edit that mends it. */
export interface Check {
  readonly id: string
  readonly state: 'ok' | 'advice' | 'wrong'
  readonly found: string
  readonly fix: string
}

export const ok = (id: string, found: string): Check => ({ id, state: 'ok', found, fix: '' })

/** It works, but it could be better. */
export const advice = (id: string, found: string, fix: string): Check => ({ id, state: 'advice', found, fix })

export const wrong = (id: string, found: string, fix: string): Check => ({ id, state: 'wrong', found, fix })
