import { containerdMissing, startContainerd } from '../engines/containerd.ts'
import { dockerdMissing, startDockerd } from '../engines/dockerd.ts'
import { BUSYBOX } from '../images/images.ts'
import { joinedNodeSuite } from './joined-node-suite.ts'

const SERVER =
  'mkdir /w && for f in a b; do printf "hello from /$f" > /w/$f; done && httpd -p 8080 -h /w && echo listens && exec sleep 600'

const ENGINES = [
  { option: 'cri', runtime: 'containerd', missing: containerdMissing(), start: startContainerd },
  { option: 'docker', runtime: 'docker', missing: dockerdMissing(), start: startDockerd },
] as const

/** Docker's takes half a minute on two cores: `SHOAL_ENGINES=all`, as `npm run verify` sets it. */
const chosen = ENGINES.filter(({ option }) => option === 'cri' || process.env['SHOAL_ENGINES'] === 'all')

for (const { option, runtime, missing, start } of chosen)
  joinedNodeSuite({
    missing,
    runtime,
    image: 'busybox',
    server: ['sh', '-c', SERVER],
    async prepare() {
      const engine = await start()
      engine.load(BUSYBOX)
      const args = ['--runtime', option, '--cri-endpoint', engine.endpoint]
      return { args, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() }
    },
  })
