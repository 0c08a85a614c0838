/** How serious a log line is; a logger drops what is below its own level. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Structured logging: a sentence that is the same every time, and the facts beside it. */
export interface Logger {
  debug(message: string, facts?: LogFacts): void
  info(message: string, facts?: LogFacts): void
  warn(message: string, facts?: LogFacts): void
  error(message: string, facts?: LogFacts): void
  /** A logger that adds `facts` to each of its lines. */
  with(facts: LogFacts): Logger
}

export type LogFacts = Readonly<Record<string, unknown>>

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/**
 * A logger that hands each line at or above `level` to `write`, as one JSON object a line. Results go to standard
 * output, so logs are written to standard error by whoever supplies `write`.
 */
export function createLogger(
  write: (line: string) => void,
  level: LogLevel = 'warn',
  now: () => number = () => 0,
  base: LogFacts = {},
): Logger {
  const emit = (severity: LogLevel, message: string, facts: LogFacts = {}) => {
    if (SEVERITY[severity] < SEVERITY[level]) return
    write(JSON.stringify({ time: new Date(now()).toISOString(), level: severity, message, ...base, ...facts }, plain))
  }
  return {
    debug: (message, facts) => emit('debug', message, facts),
    info: (message, facts) => emit('info', message, facts),
    warn: (message, facts) => emit('warn', message, facts),
    error: (message, facts) => emit('error', message, facts),
    with: (facts) => createLogger(write, level, now, { ...base, ...facts }),
  }
}

/** Errors have no enumerable properties, so they are written by name, message and stack. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack }
  return typeof value === 'bigint' ? String(value) : value
}
