export interface Order {
  readonly id: number
  readonly user: string
  readonly amount: number
}

export interface Score {
  readonly id: number
  readonly score: number
}

/** The function that is asked: a few dozen operations on a small record. */
export function score({ id, user, amount }: Order): Score {
  let hash = 0
  for (let i = 0; i < user.length; i++) hash = (hash * 31 + user.charCodeAt(i)) | 0
  return { id, score: (amount * (hash & 1023)) / 1024 }
}

export function orderOf(id: number): Order {
  return { id, user: `user ${id % 1000}`, amount: id % 97 }
}
