import type { Taint } from '../../src/api/generated/core-v1.ts'
import type { Client } from '../../src/client/client.ts'
import type { Environment } from '../../src/env/environment.ts'
import type { NodeAgent } from '../../src/node/node-agent.ts'
import { startNodeAgent } from '../../src/node/node-agent.ts'
import { noFiles } from '../../src/node/pod-files.ts'
import { createSimulatedRuntime } from '../../src/runtime/simulated/simulated-runtime.ts'

/** A node of a scenario: four CPUs and 8 GiB unless it says otherwise. */
export interface NodePlan {
  readonly name: string
  readonly cpu?: number
  readonly memoryGiB?: number
  readonly pods?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
}

/** Nodes that a scenario starts, stops and starts again by name. */
export interface SimulatedNodes extends AsyncDisposable {
  start(name: string): Promise<void>
  /** As if its machine lost power: nobody speaks for the node any more. */
  stop(name: string): Promise<void>
}

/**
 * Nodes without machines that join any API server. The same ones join the real control plane and ours, so that what differs
 * then is the doing of API server, controllers and scheduler.
 */
export async function startSimulatedNodes(
  env: Environment,
  client: Client,
  plans: readonly NodePlan[],
): Promise<SimulatedNodes> {
  const agents = new Map<string, NodeAgent>()
  const stop = async (name: string) => {
    const agent = agents.get(name)
    agents.delete(name)
    await agent?.close()
  }
  const start = async (name: string) => {
    const at = plans.findIndex((plan) => plan.name === name)
    const agent = agentOf(env, client, plans[at]!, at)
    agents.set(name, agent)
    await agent.ready
  }
  for (const { name } of plans) await start(name)
  return { start, stop, [Symbol.asyncDispose]: async () => void (await Promise.all([...agents.keys()].map(stop))) }
}

function agentOf(env: Environment, client: Client, plan: NodePlan, index: number): NodeAgent {
  const { name, cpu = 4, memoryGiB = 8, pods = 110, labels = {}, taints } = plan
  const capacity = { cpuMillis: cpu * 1_000, memoryBytes: memoryGiB * 2 ** 30, diskBytes: 2 ** 40, pods }
  const runtime = createSimulatedRuntime({ environment: env, capacity, index })
  const machine = { platform: 'linux', architecture: 'x64', kernelVersion: '6.0', osImage: 'linux', bootId: '' }
  const facts = { ...machine, name, labels, hostIp: `10.0.0.${index + 1}`, ...(taints !== undefined && { taints }) }
  return startNodeAgent({ env, client, runtime, files: noFiles, facts })
}
