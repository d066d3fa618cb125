"""Alerts and dashboard: that they are what Prometheus takes, speak of metrics that there are, and find them."""
import json
import pathlib
import re
import subprocess
import urllib.parse
import urllib.request

import pytest
from events import KINDS
from prometheus import program, promtool
from stack import free_port
from waiting import wait_for
from world import bad, good

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus"
DASHBOARD = json.loads((DEPLOY / "grafana/dashboard.json").read_text("utf-8"))
KIND = "patrol_log"
OF = KINDS[KIND]


def panel_queries():
    return [target["expr"].replace("$kind", ".*") for panel in DASHBOARD["panels"] for target in panel["targets"]]


def alert_queries():
    return re.findall(r"^ *expr: (.*)$", (RULES / "alerts.yaml").read_text("utf-8"), re.MULTILINE)


def metrics_of_page():
    page = (DEPLOY.parent / "docs/reference/metrics.md").read_text("utf-8")
    return {name: kind for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.MULTILINE)}


@pytest.mark.parametrize("command", ["check rules alerts.yaml", "check config prometheus.yml", "check config compose.yml", "test rules alerts_test.yaml"])
def test_promtool(command):
    done = promtool(*command.split(), cwd=RULES)
    assert done.returncode == 0 and "FAILED" not in done.stdout, done.stdout + done.stderr


def test_every_alert_is_tried():
    """In alerts_test.yaml, as one that is raised."""
    names = set(re.findall(r"alert: (\w+)", (RULES / "alerts.yaml").read_text("utf-8")))
    assert names == set(re.findall(r'alertname="(\w+)"', (RULES / "alerts_test.yaml").read_text("utf-8"))) and names


def test_every_metric_is_on_the_page():
    known = metrics_of_page()
    parts = {f"{name}_{part}" for name, kind in known.items() if kind == "histogram" for part in ("bucket", "sum", "count")}
    used = {name for query in panel_queries() + alert_queries() for name in re.findall(r"\b(?:gridloop|process)_\w+", query)}
    assert len(used) > 10 and used <= {name for name, kind in known.items() if kind != "histogram"} | parts


class Prometheus:
    def __init__(self, folder, **jobs):
        """jobs: name -> addresses. It scrapes them each second, and looks at our alerts as often."""
        self.address = f"127.0.0.1:{free_port()}"
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES / "alerts.yaml")],
                  "scrape_configs": [{"job_name": name.replace("_", "-"), "static_configs": [{"targets": addresses}]}
                                     for name, addresses in jobs.items()]}
        (folder / "prometheus.yml").write_text(json.dumps(config))
        self.log = open(folder / "prometheus.log", "wb")
        self.process = subprocess.Popen(
            [program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={self.address}", "--log.level=warn"], stdout=self.log, stderr=self.log, cwd=folder)

    def query(self, expression):
        """[(labels, value)]"""
        url = f"http://{self.address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                data = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it is still starting
                return []
            raise AssertionError(f"{expression}: {error.read().decode()}") from None
        except OSError:
            return []
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def end(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def test_every_query_finds_something(world, tmp_path):
    """Of a consumer with good and bad events and a dispatcher, each panel shows something, and the right alert is raised."""
    world.setup()
    rng = world.rng()
    daemon, dispatch = world.consumer(KIND), world.dispatch(heartbeat_s=1)
    prometheus = Prometheus(tmp_path, gridloop_consume=[daemon.log("answering")[0]["http"]],
                            gridloop_dispatch=[dispatch.log("answering")[0]["http"]])
    try:
        wait_for(lambda: len(prometheus.query("up == 1")) == 2, 60, lambda: prometheus.query("up"))
        world.produce([good(KIND, OF.fresh(rng)) for _ in range(100)] + [bad(KIND, None, "tombstone")])
        world.settle(KIND)
        for query in panel_queries():
            wait_for(lambda query=query: [one for one in prometheus.query(query) if one[1] == one[1]], 60, query)
        for query in alert_queries():
            prometheus.query(query)
        wait_for(lambda: [labels for labels, _ in prometheus.query('ALERTS{alertname="GridloopDeadLetters", alertstate="firing"}')
                          if labels["reason"] == "tombstone"], 60, lambda: prometheus.query("ALERTS"))
        assert not prometheus.query('ALERTS{alertname=~"GridloopGap|GridloopLoopHangs|GridloopPaused"}')
    finally:
        prometheus.end()
    for one in daemon, dispatch:
        one.stop()
