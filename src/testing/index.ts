export { createTestCluster } from './test-cluster.ts'
export type { Fault, InjectedFault, RequestMatch } from './faults.ts'
export type { TestCluster } from './test-cluster.ts'
export { TESTING_ERROR_CODES, until, WaitedTooLongError } from './until.ts'
