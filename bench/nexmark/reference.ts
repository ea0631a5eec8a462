import type { Outcome } from './outcome.ts'

/** The unpacked file of 100,000 events that {@link REFERENCE} belongs to. */
export const REFERENCE_SHA256 = '18b752303102132c86c13247d6f1ac0a9be9f0e9820326c78010ff1b052993a0'

/**
 * The results of the reference recording, from DuckDB: the first 100,000 events of the crate `nexmark` 0.2.0, its base
 * time pinned to 1436918400000.
 */
export const REFERENCE: Readonly<Record<string, Outcome>> = {
  q0: { rows: 92_000, md5: 'dbb7111338333d62bf3baf95c7139561' },
  q1: { rows: 92_000, md5: 'ebbc51433cd05552d0af2da94f4d2d56' },
  q2: { rows: 366, md5: '2be967a603ce2a81948dd50ae41ed828' },
  q3: { rows: 676, md5: '691e4ba0b1a66bb9387976096858a625' },
  q4: { rows: 5, md5: '9279d8c07742387c3c46ea588105e934' },
  q5: { rows: 14, md5: '4dcc9d64337be4e45cbc519a00e81263' },
  q7: { rows: 2, md5: '43aba82f213969cf3c0eec712f690131' },
  q8: { rows: 923, md5: '986e90a87761120f1ac56513aa8307ab' },
  q9: { rows: 5_608, md5: '980f5f77ff5e1f850cb29a6582288109' },
  q11: { rows: 1_917, md5: 'c43d5a9151dfa1c911d745e466155640' },
  q14: { rows: 26_060, md5: 'ee6d17bc746b3482b870aba3569c7df8' },
  q15: { rows: 1, md5: 'c2c418d9f1ca7f42ad7c0575d5643f70' },
  q16: { rows: 9_892, md5: 'd39a2ce430fa7dd3f936e65740d28c7a' },
  q17: { rows: 6_000, md5: '5090114e04783ba7cdbd1955e8512708' },
  q18: { rows: 28_380, md5: '6a2a52e79482f5a6adf5313c736f7807' },
  q19: { rows: 43_964, md5: 'b14efbd7911a541c2da40fb3f4a6ae63' },
  q20: { rows: 15_016, md5: '74dcbb00b33f2a3e38f8e0ea7feaf548' },
  q21: { rows: 87_856, md5: '837066a8d46f9ed60d99dc224327ef43' },
  q22: { rows: 92_000, md5: 'abdae2c97ddb1835c10484a9e98c1b36' },
  q23: { rows: 169_951, md5: '4e9d92aca4914f58c85a75447fdb7be9' },
  cep0: { rows: 7_170, md5: '7b16b528c0b0003bffc2121a74a8a779' },
  cep1: { rows: 19_402, md5: '77c417c5f4b385e3b602c7debb2c70fc' },
  cep2: { rows: 29_699, md5: '64725a1fc5465828f5e6219ebbf514c1' },
  cep3: { rows: 17_684, md5: '4c81b7221cbd7a0201a376db2c0596c3' },
}

/**
 * Thousands of events of all kinds per CPU-second that JVM engines reached on the reference recording, replayed from
 * memory at parallelism 2 on a machine of two cores: Flink 2.3.0 (SQL with mini-batches; DataStream with POJOs and its
 * own window operators, or by hand) and Hazelcast Jet 5.7.0, Java 17, no checkpoints, after warm-up. Recorded, not run here.
 */
export const JVM: Readonly<Record<string, JvmRates>> = {
  q0: { flinkSql: 851, flinkDataStream: 6_040, jet: 1_740 },
  q1: { flinkSql: 822 },
  q2: { flinkSql: 713, flinkDataStream: 7_188 },
  q3: { flinkSql: 728, flinkDataStream: 3_901 },
  q4: { flinkSql: 110, flinkDataStream: 692 },
  q5: { flinkSql: 347, flinkDataStream: 810, jet: 1_203 },
  q7: { flinkSql: 85, flinkDataStream: 1_106 },
  q8: { flinkSql: 583, flinkDataStream: 4_021, jet: 2_468 },
  q9: { flinkSql: 58 },
  q11: { flinkSql: 210, flinkDataStream: 2_359, jet: 864 },
  q12: { flinkSql: 443 },
  q14: { flinkSql: 834 },
  q15: { flinkSql: 207 },
  q16: { flinkSql: 27 },
  q17: { flinkSql: 283 },
  q18: { flinkSql: 131, flinkDataStream: 282, jet: 281 },
  q19: { flinkSql: 169 },
  q20: { flinkSql: 111 },
  q21: { flinkSql: 253 },
  q22: { flinkSql: 496 },
}

/** Thousands of events per CPU-second. */
export interface JvmRates {
  readonly flinkSql: number
  readonly flinkDataStream?: number
  readonly jet?: number
}
