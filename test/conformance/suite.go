// Package conformance pins the conformance suite of Kubernetes and the programs of its control plane, so that `go test -c`
// and `go build` find the same sources everywhere.
package conformance

import _ "k8s.io/kubernetes/test/e2e"
