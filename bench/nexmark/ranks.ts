/** How many: of bids of all prices, and of each of three ranks of prices. */
export interface Ranks {
  total: number
  rank1: number
  rank2: number
  rank3: number
}

export const noRanks = (): Ranks => ({ total: 0, rank1: 0, rank2: 0, rank3: 0 })

/** 1 below 10,000; 2 below 1,000,000; 3 for the rest. */
export const rankOf = (price: number): 1 | 2 | 3 => (price < 10_000 ? 1 : price < 1_000_000 ? 2 : 3)

/** Counts in a rank; the total is counted by itself. */
export function countRank(ranks: Ranks, rank: 1 | 2 | 3): void {
  if (rank === 1) ranks.rank1++
  else if (rank === 2) ranks.rank2++
  else ranks.rank3++
}

export const rankColumns = ({ total, rank1, rank2, rank3 }: Ranks): number[] => [
  total,
  rank1,
  rank2,
  rank3,
]
