/** The public surface of `sage-stream/testing`. */
export { OperatorHarness, operatorHarness } from '../../operators/testing/operator-harness.ts'
export { runJob } from './run-job.ts'
