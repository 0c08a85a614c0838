import { chmodSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { packagedClient } from './packaged.ts'
import { shellOnCluster } from './shell-on-cluster.ts'

const program = packagedClient('kubectl')

/** A stock kubectl 1.34 against a cluster with two nodes whose containers are simulated. */
describe.skipIf(program === undefined)('kubectl', () => {
  const shell = shellOnCluster(2)

  const kubectl = (line: string, input?: string) =>
    shell().must(program ?? '', line, input === undefined ? {} : { input })

  test('applies, shows differences, rolls out, undoes, scales and autoscales a deployment', async () => {
    expect(await kubectl('apply -f -', deployment('one', 2))).toBe('deployment.apps/web created\n')
    expect(await kubectl('rollout status deployment/web --timeout=60s')).toContain('successfully rolled out')
    const changed = shell().write('changed.yaml', deployment('two', 2))
    const diff = await shell().run(program ?? '', ['diff', '-f', changed])
    expect(diff.code).toBe(1)
    expect(diff.out).toMatch(/^-\s+- image: app:one$/m)
    expect(diff.out).toMatch(/^\+\s+- image: app:two$/m)
    expect(await kubectl(`apply -f ${changed}`)).toBe('deployment.apps/web configured\n')
    await kubectl('rollout status deployment/web --timeout=60s')
    expect(await kubectl('rollout history deployment/web')).toMatch(/^2 /m)
    expect(await kubectl('rollout undo deployment/web')).toBe('deployment.apps/web rolled back\n')
    await kubectl('rollout status deployment/web --timeout=60s')
    expect(await kubectl('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('app:one')
    expect(await kubectl('rollout restart deployment/web')).toBe('deployment.apps/web restarted\n')
    await kubectl('rollout status deployment/web --timeout=60s')
    expect(await kubectl('scale deployment/web --replicas=4 --current-replicas=2')).toContain('scaled')
    await kubectl('wait deployment/web --for=jsonpath={.status.readyReplicas}=4 --timeout=60s')
    expect(await kubectl('set image deployment/web main=app:three')).toContain('image updated')
    expect(await kubectl('autoscale deployment web --min=2 --max=5 --cpu=80%')).toContain('autoscaled')
    expect(await kubectl('get hpa web')).toMatch(/^web\s+Deployment\/web/m)
    expect(await kubectl('expose deployment web --port=80')).toContain('service/web exposed')
    expect(await kubectl('describe deployment web')).toMatch(/Replicas:\s+4 desired/)
    expect(await kubectl('delete deployment/web hpa/web service/web')).toContain('"web" deleted')
  })

  test('edits through an editor, labels, annotates, patches and replaces', async () => {
    await kubectl('create configmap edited --from-literal=a=1')
    const editor = shell().write('editor.sh', '#!/bin/sh\nsed -i "s/a: .1./a: \\"2\\"/" "$1"\n')
    chmodSync(editor, 0o755)
    const edited = await shell().must(program ?? '', 'edit configmap edited', { env: { EDITOR: editor } })
    expect(edited).toBe('configmap/edited edited\n')
    expect(await kubectl('get configmap edited -o jsonpath={.data.a}')).toBe('2')
    expect(await kubectl('label configmap edited tier=front')).toBe('configmap/edited labeled\n')
    const refused = await shell().run(program ?? '', ['label', 'configmap', 'edited', 'tier=back'])
    expect(refused.err).toContain("'tier' already has a value (front), and --overwrite is false")
    expect(await kubectl('annotate configmap edited note=x')).toBe('configmap/edited annotated\n')
    expect(await kubectl('label configmap edited tier-')).toBe('configmap/edited unlabeled\n')
    expect(await kubectl('patch configmap edited --type=json -p [{"op":"remove","path":"/data/a"}]')).toContain(
      'patched',
    )
    const object = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"edited"},"data":{"b":"3"}}'
    expect(await kubectl('replace -f -', object)).toBe('configmap/edited replaced\n')
    expect(await kubectl('get configmap edited -o jsonpath={.data}')).toBe('{"b":"3"}')
  })

  test('waits for pods, cordons, drains and uncordons a node', async () => {
    await kubectl('create deployment movable --image=app:one --replicas=3')
    await kubectl('wait deployment/movable --for=condition=Available --timeout=60s')
    expect(await kubectl('cordon node1')).toBe('node/node1 cordoned\n')
    expect(await kubectl('get node node1')).toContain('Ready,SchedulingDisabled')
    const drained = await kubectl('drain node1 --ignore-daemonsets --delete-emptydir-data --timeout=60s')
    expect(drained).toContain('node/node1 drained')
    const onNode = await kubectl('get pods -l app=movable --field-selector=spec.nodeName=node1 -o name')
    expect(onNode).toBe('')
    expect(await kubectl('uncordon node1')).toBe('node/node1 uncordoned\n')
    expect(await kubectl('taint nodes node1 key=value:NoSchedule')).toBe('node/node1 tainted\n')
    expect(await kubectl('taint nodes node1 key-')).toBe('node/node1 untainted\n')
    await kubectl('wait deployment/movable --for=condition=Available --timeout=60s')
    await kubectl('delete deployment movable')
    await kubectl('wait pods -l app=movable --for=delete --timeout=60s')
  })

  test('asks what it may do, as itself and as others', async () => {
    expect(await kubectl('auth can-i create pods')).toBe('yes\n')
    await kubectl('create serviceaccount reader')
    await kubectl('create role read --verb=get,list --resource=pods')
    await kubectl('create rolebinding read --role=read --serviceaccount=default:reader')
    const as = '--as=system:serviceaccount:default:reader'
    expect(await kubectl(`auth can-i list pods ${as}`)).toBe('yes\n')
    const refused = await shell().run(program ?? '', ['auth', 'can-i', 'delete', 'pods', as])
    expect(refused.out).toBe('no\n')
    expect(await kubectl(`auth can-i --list ${as}`)).toMatch(/^pods\s+\[\]\s+\[\]\s+\[get list\]$/m)
    expect(await kubectl(`auth whoami ${as}`)).toMatch(/Username\s+system:serviceaccount:default:reader/)
    expect(await kubectl('create token reader --duration=10m')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n?$/)
  })

  test('explains fields, lists resources and versions, and prints the server it talks to', async () => {
    expect(await kubectl('explain deployment.spec.strategy.rollingUpdate')).toContain('maxSurge')
    expect(await kubectl('explain pod --recursive')).toContain('topologySpreadConstraints')
    expect(await kubectl('api-resources --verbs=list --namespaced -o name')).toContain('ingresses.networking.k8s.io')
    expect(await kubectl('api-versions')).toMatch(/^apps\/v1$/m)
    expect(await kubectl('version')).toMatch(/Server Version: v1\.34\.\d+/)
    expect(await kubectl('cluster-info')).toContain('is running at')
    expect(await kubectl('get --raw /readyz')).toBe('ok')
  })

  test('shows what nodes and pods use', async () => {
    await kubectl('run measured --image=app:one')
    await kubectl('wait pod/measured --for=condition=Ready --timeout=60s')
    expect(await kubectl('top nodes')).toMatch(/^node1\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%/m)
    expect(await kubectl('top pods')).toMatch(/^measured\s+\d+m\s+\d+Mi/m)
    await kubectl('delete pod measured --now')
  })

  test('creates, runs and follows jobs and cron jobs', async () => {
    await kubectl('create cronjob nightly --image=app:one --schedule=@daily -- true')
    expect(await kubectl('create job now --from=cronjob/nightly')).toBe('job.batch/now created\n')
    expect(await kubectl('get jobs now -o jsonpath={.metadata.ownerReferences[0].kind}')).toBe('CronJob')
    expect(await kubectl('delete cronjob nightly')).toContain('deleted')
  })
})

const deployment = (tag: string, replicas: number) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - { name: main, image: 'app:${tag}' }
`
