import { expect, test } from 'vitest'
import { goDiff, goForm } from './go-form.ts'

test("a value is shown with Go's names, in the order of its fields, zeros included", () => {
  expect(JSON.stringify(goForm('rbac.RoleRef', { kind: 'ClusterRole', name: 'edit', apiGroup: 'g' }))).toBe(
    '{"APIGroup":"g","Kind":"ClusterRole","Name":"edit"}',
  )
  const spec = { selector: { matchLabels: { app: 'y' } }, maxUnavailable: 1, minAvailable: 1 }
  expect(JSON.stringify(goForm('policy.PodDisruptionBudgetSpec', spec))).toBe(
    '{"MinAvailable":1,"Selector":{"matchLabels":{"app":"y"}},"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}',
  )
})

test("a pod's network namespaces are shown within its security context, where Kubernetes keeps them", () => {
  const form = goForm('core.PodSpec', { hostNetwork: true, containers: [] }) as Record<string, unknown>
  expect(form['SecurityContext']).toMatchObject({ HostNetwork: true, HostPID: false })
})

test('what differs is shown with three lines around it, as difflib does', () => {
  const claim = (storage: string) => ({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } })
  expect(goDiff('core.PersistentVolumeClaimSpec', claim('1Gi'), claim('1Mi'))).toBe(`@@ -6,7 +6,7 @@
  "Resources": {
   "Limits": null,
   "Requests": {
-   "storage": "1Gi"
+   "storage": "1Mi"
   }
  },
  "VolumeName": "",
`)
  expect(goDiff('core.PersistentVolumeClaimSpec', claim('1Gi'), claim('1Gi'))).toBe('')
})
