import { jobScenario } from './job.ts'
import { nodeLifecycleScenario } from './node-lifecycle.ts'
import { contentionScenario } from './contention.ts'
import { workloadsScenario } from './workloads.ts'
import type { Scenario } from './scenario.ts'

/** Every scenario, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [jobScenario, nodeLifecycleScenario, workloadsScenario, contentionScenario].map((scenario) => [
    scenario.name,
    scenario,
  ]),
)
