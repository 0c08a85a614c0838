import { deployments, jobs, pods, replicaSets } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { explainPod } from '../explain/explain-pod.ts'
import { explainDeployment, explainJob } from '../explain/explain-workload.ts'
import type { Explanation } from '../explain/explanation.ts'
import { CliError } from './cli-error.ts'
import { takeSnapshot } from './cluster-snapshot.ts'
import { explanationText } from './explanation-text.ts'
import { openTarget } from './target-cluster.ts'
import type { TargetOptions } from './target-cluster.ts'

export interface ExplainOptions extends TargetOptions {
  readonly output?: 'json' | 'yaml'
}

/** `shoal explain pod/NAME`: why it waits or fails. Resolves to the exit code: 0 where all is well, 3 where it is not. */
export async function explain(target: string, options: ExplainOptions): Promise<number> {
  const { kind, name } = parseTarget(target)
  using cluster = await openTarget(options)
  const explanation = await explanationOf(cluster.client, kind, { namespace: cluster.namespace, name })
  if (options.output === 'json') process.stdout.write(`${JSON.stringify(explanation, undefined, 2)}\n`)
  else if (options.output === 'yaml') process.stdout.write((await import('yaml')).stringify(explanation))
  else process.stdout.write(explanationText(explanation))
  return explanation.isWell ? 0 : 3
}

type Kind = 'pod' | 'job' | 'deployment'

/** Kinds by the names that kubectl takes for them. */
const KINDS: Readonly<Record<string, Kind>> = {
  pod: 'pod',
  pods: 'pod',
  po: 'pod',
  job: 'job',
  jobs: 'job',
  'job.batch': 'job',
  'jobs.batch': 'job',
  deployment: 'deployment',
  deployments: 'deployment',
  deploy: 'deployment',
  'deployment.apps': 'deployment',
  'deployments.apps': 'deployment',
}

function parseTarget(text: string): { readonly kind: Kind; readonly name: string } {
  const [kindName = '', name = '', ...rest] = text.split('/')
  const kind = KINDS[kindName.toLowerCase()]
  if (kind !== undefined && name !== '' && rest.length === 0) return { kind, name }
  const message = `Cannot explain "${text}": not a name that is known here, expected pod/NAME, job/NAME or deployment/NAME`
  throw new CliError('CLI_USAGE', message, 'see shoal explain --help')
}

interface Key {
  readonly namespace: string
  readonly name: string
}

async function explanationOf(client: Client, kind: Kind, key: Key): Promise<Explanation> {
  // What is asked for comes first: where it does not exist, nothing else is worth a list.
  if (kind === 'pod') {
    const pod = await client.get(pods, key)
    return explainPod(await takeSnapshot(client), pod)
  }
  if (kind === 'job') {
    const job = await client.get(jobs, key)
    const snapshot = await takeSnapshot(client)
    return explainJob(snapshot, job, snapshot.pods)
  }
  const deployment = await client.get(deployments, key)
  const [snapshot, sets] = await Promise.all([
    takeSnapshot(client),
    client.list(replicaSets, { namespace: key.namespace }),
  ])
  return explainDeployment(snapshot, deployment, sets.items, snapshot.pods)
}
