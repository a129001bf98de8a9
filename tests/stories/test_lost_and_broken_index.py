"""The index is a shadow: lost or broken, the pages say so and the worker builds it again from the database."""

from __future__ import annotations

import shutil

from sites import Site, rows


def test_an_index_that_is_not_there_yet(site: Site) -> None:
    code, client = site.add(), site.client()
    for address in ("/search", "/search.csv", "/sectors/water-metering", "/api/v1/cases"):
        refused = client.get(address)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10"), address
        assert "The search index is being built." in refused.get_data(as_text=True), address
    assert "检索索引正在建立" in client.get("/search?lang=zh").get_data(as_text=True)
    for address in ("/?lang=en", f"/cases/{code}", f"/api/v1/cases/{code}", "/feeds/cases.atom", "/sources"):
        assert client.get(address).status_code == 200, address
    health = client.get("/healthz")
    assert (health.status_code, health.json["index"], health.json["database"]) == (503, "building", "ok")

    site.work()
    assert rows(client, "/search") == [code]
    assert client.get("/healthz").json == {"status": "ok", "database": "ok", "index": "ok", "worker": "ok"}


def test_an_index_whose_folder_was_deleted(site: Site) -> None:
    code = site.add()
    site.work()
    shutil.rmtree(site.config.index)
    assert site.client().get("/healthz").json["index"] == "building"
    site.work()
    assert site.client().get("/healthz").json["index"] == "ok"
    assert rows(site.client(), "/search") == [code]


def test_an_index_that_is_damaged_on_disk(site: Site) -> None:
    """Readers that have it open go on reading; a restarted one says 503; the worker notices and rebuilds."""
    code = site.add()
    site.work()
    assert rows(site.client(), "/search") == [code]
    for file in (site.config.index / "current").resolve().iterdir():
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert rows(site.client(), "/search") == [code]
    health = site.client().get("/healthz")
    assert (health.status_code, health.json["index"]) == (503, "broken")
    restarted = Site(site.database, site.config.data.parent)
    assert restarted.client().get("/search").status_code == 503
    assert restarted.client().get("/").status_code == 200

    site.work()
    assert restarted.client().get("/healthz").status_code == 200
    assert rows(restarted.client(), "/search") == [code]


def test_a_database_that_was_restored_from_before_the_index(site: Site) -> None:
    """The index has followed further than the chain of events goes: it is built anew."""
    code = site.add()
    site.work()
    index = site.worker.index
    index.apply([(code, None)], index.position + 5)
    assert rows(site.client(), "/search") == []
    site.work()
    assert rows(site.client(), "/search") == [code]
