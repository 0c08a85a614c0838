"""Ray or Dask at what bench/tasks.ts measures: prints a JSON line for each figure, `[what, value, unit]`."""

import json
import sys
import time

COUNT_ONE, COUNT_MANY, COUNT_ITEMS = 200, 5000, 100_000


def tell(what, value, unit):
    print(json.dumps([what, value, unit]), flush=True)


def rate(what, count, work):
    work(max(1, count // 10))
    began = time.monotonic()
    work(count)
    tell(what, count / (time.monotonic() - began), "/s")


def ray_figures():
    import ray

    began = time.monotonic()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")

    @ray.remote
    def empty():
        return None

    @ray.remote
    def echo(value):
        return value

    @ray.remote
    class Counter:
        def __init__(self):
            self.count = 0

        def add(self, by):
            self.count += by
            return self.count

    ray.get(empty.remote())
    tell("start of the cluster to first result", (time.monotonic() - began) * 1000, "ms")
    rate("empty task, one at a time", COUNT_ONE, lambda n: [ray.get(empty.remote()) for _ in range(n)])
    rate("empty tasks, all in flight", COUNT_MANY, lambda n: ray.get([empty.remote() for _ in range(n)]))
    rate("1 KiB there and back", COUNT_MANY, lambda n: ray.get([echo.remote("x" * 1024) for _ in range(n)]))
    counter = Counter.remote()
    rate("actor calls, one at a time", COUNT_ONE, lambda n: [ray.get(counter.add.remote(1)) for _ in range(n)])
    rate("actor calls, all in flight", COUNT_MANY, lambda n: ray.get([counter.add.remote(1) for _ in range(n)]))
    ray.shutdown()


def dask_figures():
    from distributed import Client, LocalCluster

    began = time.monotonic()
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    client = Client(cluster)

    def empty(_):
        return None

    client.submit(empty, 0, pure=False).result()
    tell("start of the cluster to first result", (time.monotonic() - began) * 1000, "ms")
    rate("empty task, one at a time", COUNT_ONE, lambda n: [client.submit(empty, 0, pure=False).result() for _ in range(n)])
    rate("empty tasks, all in flight", COUNT_MANY, lambda n: client.gather([client.submit(empty, 0, pure=False) for _ in range(n)]))
    rate("1 KiB there and back", COUNT_MANY, lambda n: client.gather([client.submit(str, "x" * 1024, pure=False) for _ in range(n)]))
    client.close()
    cluster.close()


if __name__ == "__main__":
    {"ray": ray_figures, "dask": dask_figures}[sys.argv[1]]()
