import { LOG_LEVELS, type Logger, type LogLevel } from '../../operators/contract/logger.ts'

/** Writes log lines to standard error: standard output belongs to the user's data. */
export function consoleLogger(level: LogLevel): Logger {
  const least = LOG_LEVELS.indexOf(level)
  const write =
    (line: LogLevel) =>
    (message: string, ...details: unknown[]) => {
      if (LOG_LEVELS.indexOf(line) >= least) console.error(`${line} ${message}`, ...details)
    }
  return {
    debug: write('DEBUG'),
    info: write('INFO'),
    warning: write('WARNING'),
    error: write('ERROR'),
  }
}
