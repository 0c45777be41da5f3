/** What a process says of itself, for an operator's terminal or journal; requests are recorded in the ledger, not here. */
export interface ProcessLog {
  info(message: string, facts?: Facts): void
  warn(message: string, facts?: Facts): void
  error(message: string, facts?: Facts): void
}

export type Facts = Readonly<Record<string, string | number | boolean | null>>

/** One line per message on standard error: time, process, level, message, `name=value` facts. */
export function openProcessLog(name: string, write: (line: string) => void): ProcessLog {
  const say = (level: string, message: string, facts: Facts = {}): void => {
    const tail = Object.entries(facts).map(
      ([key, value]) => ` ${key}=${typeof value === 'string' ? JSON.stringify(value) : value}`,
    )
    write(`${new Date().toISOString()} ${name} ${level} ${message}${tail.join('')}\n`)
  }
  return {
    info: (message, facts) => say('info', message, facts),
    warn: (message, facts) => say('warn', message, facts),
    error: (message, facts) => say('error', message, facts),
  }
}
