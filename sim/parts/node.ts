import { nodeUser } from '../../src/cluster/users.ts'
import { startNodeAgent } from '../../src/node/node-agent.ts'
import { noFiles } from '../../src/node/pod-files.ts'
import { createSimulatedRuntime } from '../../src/runtime/simulated/simulated-runtime.ts'
import { fickle } from '../faults/fickle-runtime.ts'
import { createPart } from '../part.ts'
import type { Part, PartFacts } from '../part.ts'

export interface NodeSize {
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly pods: number
}

/** A machine with its agent: killed, its containers are gone with it; started again, it remembers nothing. */
export function nodePart(facts: Omit<PartFacts, 'launch'>, size: NodeSize, index: number): Part {
  const { env, name } = facts
  const random = facts.connection.random.fork('containers')
  return createPart({
    ...facts,
    launch(clientFor) {
      const capacity = { ...size, diskBytes: 2 ** 40 }
      const simulated = createSimulatedRuntime({ environment: env, capacity, index })
      const agent = startNodeAgent({
        env,
        client: clientFor(nodeUser(name)),
        runtime: fickle(simulated, random),
        files: noFiles,
        facts: {
          name,
          hostIp: `192.168.0.${index + 1}`,
          labels: {},
          platform: 'linux',
          architecture: 'x64',
          kernelVersion: 'simulated',
          osImage: 'simulated',
          bootId: '',
        },
      })
      const close = async () => {
        // The machine is off: its containers end first, and nobody is left to tell.
        await simulated.close()
        await agent.close()
      }
      return { ready: agent.ready, close }
    },
  })
}
