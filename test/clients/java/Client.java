import io.fabric8.kubernetes.api.model.*;
import io.fabric8.kubernetes.api.model.apps.*;
import io.fabric8.kubernetes.client.*;
import io.fabric8.kubernetes.client.dsl.base.*;
import io.fabric8.kubernetes.client.informers.*;
import java.util.*;
import java.util.concurrent.*;

/** What Java's client, the one inside Spark, does with a cluster; the test compares what it prints. */
public class Client {
  static void say(String name, Object value) { System.out.println(name + " " + value); }

  public static void main(String[] args) throws Exception {
    io.fabric8.kubernetes.client.Config config = io.fabric8.kubernetes.client.Config.fromKubeconfig(new java.io.File(args[0]));
    try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build()) {
      say("version", client.getKubernetesVersion().getMajor() + "." + client.getKubernetesVersion().getMinor());
      client.namespaces().resource(new NamespaceBuilder().withNewMetadata().withName("java").endMetadata().build()).create();
      var maps = client.configMaps().inNamespace("java");
      CountDownLatch seen = new CountDownLatch(3);
      List<String> events = Collections.synchronizedList(new ArrayList<>());
      Watch watch = maps.watch(new Watcher<ConfigMap>() {
        public void eventReceived(Action action, ConfigMap map) {
          if (!map.getMetadata().getName().equals("a")) return;
          events.add(action.name());
          seen.countDown();
        }
        public void onClose(WatcherException cause) {}
      });
      var informed = new CompletableFuture<String>();
      var informer = maps.inform(new ResourceEventHandler<ConfigMap>() {
        public void onAdd(ConfigMap map) { if (map.getMetadata().getName().equals("a")) informed.complete(map.getMetadata().getName()); }
        public void onUpdate(ConfigMap before, ConfigMap after) {}
        public void onDelete(ConfigMap map, boolean unknown) {}
      });
      ConfigMap made = maps.resource(new ConfigMapBuilder().withNewMetadata().withName("a").endMetadata().addToData("x", "1").build()).create();
      say("created", made.getData());
      say("informed", informed.get(20, TimeUnit.SECONDS));
      say("edited", maps.withName("a").edit(map -> new ConfigMapBuilder(map).addToData("y", "2").build()).getData());
      say("applied", maps.resource(new ConfigMapBuilder().withNewMetadata().withName("b").endMetadata().addToData("z", "3").build()).serverSideApply().getData());
      say("patched", maps.withName("b").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"w\":\"4\"}}").getData());
      say("deleted", maps.withName("a").delete().size());
      seen.await(20, TimeUnit.SECONDS);
      say("watched", events);
      watch.close();
      informer.close();
      var labels = Map.of("app", "d");
      Deployment deployment = new DeploymentBuilder().withNewMetadata().withName("d").withNamespace("java").endMetadata()
        .withNewSpec().withReplicas(1).withNewSelector().withMatchLabels(labels).endSelector()
        .withNewTemplate().withNewMetadata().withLabels(labels).endMetadata().withNewSpec()
        .addNewContainer().withName("c").withImage("node:24").withCommand("node", "-e", "setTimeout(()=>{},100000)").endContainer().endSpec().endTemplate().endSpec().build();
      var deployments = client.apps().deployments().inNamespace("java");
      deployments.resource(deployment).create();
      say("scaled", deployments.withName("d").scale(2).getSpec().getReplicas());
      try { maps.resource(new ConfigMapBuilder().withNewMetadata().withName("B!").endMetadata().build()).create(); }
      catch (KubernetesClientException refused) { say("refused", refused.getCode() + " " + refused.getStatus().getReason()); }
      say("generic", client.genericKubernetesResources("v1", "ConfigMap").inNamespace("java").list().getItems().size());
      var crd = "{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\",\"metadata\":{\"name\":\"boats.example.com\"},\"spec\":{\"group\":\"example.com\",\"scope\":\"Namespaced\",\"names\":{\"plural\":\"boats\",\"kind\":\"Boat\"},\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}]}}";
      client.load(new java.io.ByteArrayInputStream(crd.getBytes())).create();
      var boat = new GenericKubernetesResourceBuilder().withApiVersion("example.com/v1").withKind("Boat").withNewMetadata().withName("b").withNamespace("java").endMetadata().addToAdditionalProperties("spec", Map.of("sails", 3)).build();
      say("custom", client.resource(boat).create().getAdditionalProperties());
    }
    System.exit(0);
  }
}
