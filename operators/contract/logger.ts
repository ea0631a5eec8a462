/** Levels in rising order; a logger writes its level and those above. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'

export const LOG_LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR']

/** Where log lines go. Lines of workers are written by the job's logger on the main thread. */
export interface Logger {
  /** Values behind the message are written as `console` does. Not written at level `INFO`, the default. */
  debug(message: string, ...details: unknown[]): void
  /** What is worth knowing in normal operation. */
  info(message: string, ...details: unknown[]): void
  /** What goes on, but should be looked at. */
  warning(message: string, ...details: unknown[]): void
  /** What went wrong. */
  error(message: string, ...details: unknown[]): void
}
