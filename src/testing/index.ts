export { createTestCluster } from './test-cluster.ts'
export type { TestCluster } from './test-cluster.ts'
