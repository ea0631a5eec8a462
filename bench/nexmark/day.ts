const DAY = 86_400_000

/** Days since the epoch, UTC. */
export const dayOf = (ms: number): number => Math.floor(ms / DAY)

/** `YYYY-MM-DD` of a number of days. */
export const dayText = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10)

/** `HH:MM` of a time, UTC. */
export const minuteText = (ms: number): string => new Date(ms).toISOString().slice(11, 16)
