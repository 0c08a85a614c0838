import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createCluster } from '../../src/cluster/cluster.ts'
import { openShell } from './shell.ts'

const FOLDER = fileURLToPath(new URL('java', import.meta.url))
const JARS = fileURLToPath(new URL('../../node_modules/.cache/java', import.meta.url))

const why = whyNoJava()
if (why !== undefined) console.log(`skipped: ${why}`)

/** Tests fetch nothing: they run what is there. */
function whyNoJava(): string | undefined {
  const { status } = spawnSync('java', ['--list-modules'], { stdio: 'ignore' })
  if (status !== 0) return 'Java is not installed: apt-get install openjdk-17-jdk-headless maven'
  if (existsSync(JARS)) return undefined
  return `Java's client is not there: mvn -q -f ${FOLDER}/pom.xml dependency:copy-dependencies -DoutputDirectory=${JARS}`
}

test.skipIf(why !== undefined)(
  "Java's client, which Spark uses, writes, watches, informs and defines kinds",
  async () => {
    await using cluster = await createCluster({ nodes: 0, runtime: 'simulated' })
    using shell = openShell(await cluster.listen())
    await cluster.ready
    const output = await shell.must('java', `-cp ${JARS}/* ${FOLDER}/Client.java ${shell.kubeconfig}`)
    expect(output.trim().split('\n')).toEqual([
      'version 1.34',
      'created {x=1}',
      'informed a',
      'edited {x=1, y=2}',
      'applied {z=3}',
      'patched {z=3, w=4}',
      'deleted 1',
      // Over a WebSocket, as this client asks for it first.
      'watched [ADDED, MODIFIED, DELETED]',
      'scaled 2',
      'refused 422 Invalid',
      'generic 2',
      'custom {spec={sails=3}}',
    ])
  },
)
