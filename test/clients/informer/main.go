// A client-go program: typed clients that speak Protobuf, and shared informers. Takes a kubeconfig and prints a line for
// each thing that it saw.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/retry"
)

const namespace = "default"

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	must(err)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client := kubernetes.NewForConfigOrDie(config)

	seen := make(chan string, 100)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().ConfigMaps()
	_, err = informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { seen <- "added " + describe(object) },
		UpdateFunc: func(_, object any) { seen <- "updated " + describe(object) },
		DeleteFunc: func(object any) { seen <- "deleted " + describe(object) },
	})
	must(err)
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		fmt.Println("synced", kind, synced)
	}

	configs := client.CoreV1().ConfigMaps(namespace)
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "from-go"}, Data: map[string]string{"a": "1"}}
	_, err = configs.Create(ctx, object, metav1.CreateOptions{})
	must(err)
	fmt.Println(<-seen)
	must(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		latest, err := configs.Get(ctx, "from-go", metav1.GetOptions{})
		if err != nil {
			return err
		}
		latest.Data["a"] = "2"
		_, err = configs.Update(ctx, latest, metav1.UpdateOptions{})
		return err
	}))
	fmt.Println(<-seen)
	applied := applycorev1.ConfigMap("from-go", namespace).WithData(map[string]string{"b": "3"})
	_, err = configs.Apply(ctx, applied, metav1.ApplyOptions{FieldManager: "go"})
	must(err)
	fmt.Println(<-seen)
	cached, err := informer.Lister().ConfigMaps(namespace).Get("from-go")
	must(err)
	fmt.Println("cached", cached.Data)
	must(configs.Delete(ctx, "from-go", metav1.DeleteOptions{}))
	fmt.Println(<-seen)
	_, err = configs.Get(ctx, "from-go", metav1.GetOptions{})
	fmt.Println("not found", apierrors.IsNotFound(err))
}

func describe(object any) string {
	config := object.(*corev1.ConfigMap)
	return fmt.Sprint(config.Name, " ", config.Data)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
