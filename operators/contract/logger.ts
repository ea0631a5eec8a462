/** Levels in rising order; a logger writes its level and those above. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'

export const LOG_LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR']

/** Where log lines go. Lines of workers are written by the job's logger on the main thread. */
export interface Logger {
  debug(message: string, ...details: unknown[]): void
  info(message: string, ...details: unknown[]): void
  warning(message: string, ...details: unknown[]): void
  error(message: string, ...details: unknown[]): void
}
