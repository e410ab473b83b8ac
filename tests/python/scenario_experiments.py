"""Experiments: create, look up, search, rename, tag, delete, restore, and what each refuses."""

import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType


def run(rec):
    rec.section("experiments")
    client = MlflowClient()
    name = f"parity-{rec.run}"
    first = create(rec, client, name)
    look_up(rec, client, name, first)
    tags(rec, client, first)
    rename(rec, client, name, first)
    lifecycle(rec, client, name, first)
    select(rec, name)
    search(rec, client)
    search_errors(rec, client)


def create(rec, client, name):
    step = rec.step
    step("set_new", lambda: mlflow.set_experiment(f"{name}-set"))
    step("set_again", lambda: mlflow.set_experiment(f"{name}-set"))
    first = step(
        "create",
        lambda: client.create_experiment(f"{name}-a", tags={"team": "search", "n": "1"}),
        keep=rec.norm.experiment_id,
    )
    step("create_duplicate", lambda: client.create_experiment(f"{name}-a"))
    step("create_fluent", lambda: mlflow.create_experiment(f"{name}-b"), keep=rec.norm.experiment_id)
    step("create_fluent_duplicate", lambda: mlflow.create_experiment(f"{name}-b"))
    step(
        "create_with_location",
        lambda: client.create_experiment(f"{name}-loc", artifact_location="mlflow-artifacts:/parity"),
        keep=rec.norm.experiment_id,
    )
    odd = f"{name} éß日本 'quoted' \"both\" 100% _x"
    step("create_odd_name", lambda: client.create_experiment(odd), keep=rec.norm.experiment_id)
    step("get_odd_name", lambda: client.get_experiment_by_name(odd))
    step("create_500_long", lambda: client.create_experiment((name + "x" * 500)[:500]), keep=type_name)
    step("create_501_long", lambda: client.create_experiment((name + "x" * 501)[:501]))
    step("create_empty_name", lambda: client.create_experiment(""))
    step("create_none_name", lambda: client.create_experiment(None))
    step("create_number_name", lambda: client.create_experiment(5))
    step(
        "create_bad_location",
        lambda: client.create_experiment(f"{name}-bad", artifact_location="runs:/x"),
    )
    return first


def look_up(rec, client, name, first):
    step = rec.step
    step("get", lambda: client.get_experiment(first))
    step("get_default", lambda: client.get_experiment("0"), keep=lambda e: [e.name, e.lifecycle_stage])
    step("get_by_name", lambda: client.get_experiment_by_name(f"{name}-a"))
    step("get_by_name_other_case", lambda: client.get_experiment_by_name(f"{name}-A"))
    step("get_by_name_missing", lambda: client.get_experiment_by_name(f"{name}-missing"))
    step("get_missing", lambda: client.get_experiment("424242"))
    step("get_not_a_number", lambda: client.get_experiment("abc"))
    step("get_empty", lambda: client.get_experiment(""))
    step("get_fluent_missing", lambda: mlflow.get_experiment("424242"))
    step("set_by_id", lambda: mlflow.set_experiment(experiment_id=first))
    step("set_missing_id", lambda: mlflow.set_experiment(experiment_id="424242"))
    step("set_no_argument", lambda: mlflow.set_experiment())
    step("set_both", lambda: mlflow.set_experiment(f"{name}-a", experiment_id=first))


def tags(rec, client, first):
    step = rec.step

    def get():
        return dict(sorted(client.get_experiment(first).tags.items()))

    step("tag_set", lambda: client.set_experiment_tag(first, "stage", "prod"))
    step("tag_overwrite", lambda: client.set_experiment_tag(first, "team", "ranking"))
    step("tag_number", lambda: client.set_experiment_tag(first, "version", 3))
    step("tag_empty_value", lambda: client.set_experiment_tag(first, "empty", ""))
    step("tag_odd_key", lambda: client.set_experiment_tag(first, "a b/c.d-e_f:g", "v"))
    step("tag_unicode", lambda: client.set_experiment_tag(first, "größe", "größer 🎉"))
    step(
        "tag_fluent",
        lambda: [mlflow.set_experiment(experiment_id=first), mlflow.set_experiment_tag("fluent", 1.5)][1],
    )
    step("tag_fluent_many", lambda: mlflow.set_experiment_tags({"m1": "1", "m2": True}))
    step("tags_after", get)
    step("tag_delete", lambda: client.delete_experiment_tag(first, "stage"))
    step("tag_delete_missing", lambda: client.delete_experiment_tag(first, "stage"))
    step("tags_after_delete", get)
    step("tag_bad_key", lambda: client.set_experiment_tag(first, "a!b", "v"))
    step("tag_path_key", lambda: client.set_experiment_tag(first, "../x", "v"))
    step("tag_empty_key", lambda: client.set_experiment_tag(first, "", "v"))
    step("tag_250_key", lambda: client.set_experiment_tag(first, "k" * 250, "v"))
    step("tag_251_key", lambda: client.set_experiment_tag(first, "k" * 251, "v"))
    step("tag_20000_value", lambda: client.set_experiment_tag(first, "long", "v" * 20000))
    step("tag_20001_value", lambda: client.set_experiment_tag(first, "long", "v" * 20001))
    step("tag_long_value_length", lambda: len(client.get_experiment(first).tags["long"]))
    step("tag_missing_experiment", lambda: client.set_experiment_tag("424242", "k", "v"))
    step("tag_delete_missing_experiment", lambda: client.delete_experiment_tag("424242", "k"))


def rename(rec, client, name, first):
    step = rec.step
    step("rename", lambda: client.rename_experiment(first, f"{name}-renamed"))
    step("rename_seen", lambda: client.get_experiment(first).name)
    step(
        "rename_entity",
        lambda: client.get_experiment(first),
        keep=lambda e: [e.lifecycle_stage, e.last_update_time > e.creation_time],
    )
    step("rename_old_name_gone", lambda: client.get_experiment_by_name(f"{name}-a"))
    step("rename_to_itself", lambda: client.rename_experiment(first, f"{name}-renamed"))
    step("rename_clash", lambda: client.rename_experiment(first, f"{name}-b"))
    step("rename_missing", lambda: client.rename_experiment("424242", f"{name}-x"))
    step("rename_empty", lambda: client.rename_experiment(first, ""))
    step("rename_501_long", lambda: client.rename_experiment(first, "x" * 501))
    step("rename_back", lambda: client.rename_experiment(first, f"{name}-a"))


def lifecycle(rec, client, name, first):
    step = rec.step
    step("restore_active", lambda: client.restore_experiment(first))
    step("delete", lambda: client.delete_experiment(first))
    step("deleted_get", lambda: client.get_experiment(first).lifecycle_stage)
    step("deleted_get_by_name", lambda: client.get_experiment_by_name(f"{name}-a").lifecycle_stage)
    step("deleted_set", lambda: mlflow.set_experiment(f"{name}-a"))
    step("deleted_set_by_id", lambda: mlflow.set_experiment(experiment_id=first))
    step("deleted_create_same_name", lambda: client.create_experiment(f"{name}-a"))
    step("deleted_rename", lambda: client.rename_experiment(first, f"{name}-z"))
    step("deleted_tag", lambda: client.set_experiment_tag(first, "k", "v"))
    step("deleted_tag_delete", lambda: client.delete_experiment_tag(first, "team"))
    step("deleted_again", lambda: client.delete_experiment(first))
    step("restore", lambda: client.restore_experiment(first))
    step("restored_get", lambda: client.get_experiment(first).lifecycle_stage)
    step("restore_again", lambda: client.restore_experiment(first))
    step("restore_missing", lambda: client.restore_experiment("424242"))
    step("delete_missing", lambda: client.delete_experiment("424242"))
    step("delete_not_a_number", lambda: client.delete_experiment("abc"))


def select(rec, name):
    """Four to be found, one of them deleted; apart in time, so that it orders them."""
    client = MlflowClient()
    for letter in "cdef":
        time.sleep(0.003)
        tags = {"letter": letter} if letter in "ce" else None
        gone = client.create_experiment(f"{name}-find-{letter}", tags=tags)
        if letter == "d":
            client.delete_experiment(gone)


def search(rec, client):
    mine = f"name LIKE 'parity-{rec.run}-find-%'"

    def find(step_name, filter_string=mine, order_by=("name ASC",), **more):
        rec.step(
            f"search.{step_name}",
            lambda: client.search_experiments(filter_string=filter_string, order_by=list(order_by), **more),
            keep=lambda page: {"names": [e.name for e in page], "token": bool(page.token)},
        )

    find("default_view")
    find("active", view_type=ViewType.ACTIVE_ONLY)
    find("deleted", view_type=ViewType.DELETED_ONLY)
    find("all", view_type=ViewType.ALL)
    find("descending", order_by=["name DESC"], view_type=ViewType.ALL)
    find("by_creation", order_by=["creation_time DESC", "name"], view_type=ViewType.ALL)
    find("by_id", order_by=["experiment_id"], view_type=ViewType.ALL)
    find("by_update", order_by=["last_update_time ASC", "name"], view_type=ViewType.ACTIVE_ONLY)
    find("default_order", order_by=[], view_type=ViewType.ACTIVE_ONLY)
    find("name_equal", f"name = 'parity-{rec.run}-find-c'")
    find("name_unequal", f"{mine} AND name != 'parity-{rec.run}-find-c'")
    find("name_like_case", f"name LIKE 'PARITY-{rec.run}-find-%'")
    find("name_ilike", f"name ILIKE 'PARITY-{rec.run}-FIND-%'")
    find("double_quotes", f'name LIKE "parity-{rec.run}-find-%"')
    find("attribute_prefix", f"attribute.name LIKE 'parity-{rec.run}-find-%'")
    find("tag_equal", f"{mine} AND tags.letter = 'c'")
    find("tag_unequal", f"{mine} AND tags.letter != 'c'")
    find("tag_like", f"{mine} AND tag.letter LIKE '%'")
    find("tag_ilike", f"{mine} AND tags.letter ILIKE 'C'")
    find("tag_back_quoted", f"{mine} AND tags.`letter` = 'e'")
    find("tag_is_null", f"{mine} AND tags.letter IS NULL")
    find("tag_is_not_null", f"{mine} AND tags.letter IS NOT NULL")
    find("created_after", f"{mine} AND creation_time > 1735689600000")
    find("created_before", f"{mine} AND creation_time < 1735689600000")
    find("updated_after", f"{mine} AND last_update_time >= 1735689600000")
    find("nothing", f"name = 'parity-{rec.run}-nowhere'")
    find("page", max_results=2, view_type=ViewType.ALL)

    def paged():
        names, token, sizes = [], None, []
        while True:
            page = client.search_experiments(
                filter_string=mine,
                order_by=["name"],
                max_results=3,
                page_token=token,
                view_type=ViewType.ALL,
            )
            names += [e.name for e in page]
            sizes.append(len(page))
            token = page.token
            if not token:
                return {"names": names, "sizes": sizes}

    rec.step("search.paged", paged)
    rec.step(
        "search.fluent",
        lambda: [e.name for e in mlflow.search_experiments(filter_string=mine, order_by=["name"])],
    )
    rec.step(
        "search.fluent_max_results",
        lambda: [
            e.name for e in mlflow.search_experiments(filter_string=mine, order_by=["name"], max_results=2)
        ],
    )
    rec.step(
        "search.entity",
        lambda: client.search_experiments(filter_string=mine, order_by=["name"], max_results=1),
    )


def search_errors(rec, client):
    def fails(step_name, **arguments):
        rec.step(f"search_error.{step_name}", lambda: client.search_experiments(**arguments), keep=len)

    fails("or", filter_string="name = 'a' OR name = 'b'")
    fails("unknown_key", filter_string="state = 'active'")
    fails("unknown_prefix", filter_string="metrics.x = '1'")
    fails("unquoted_name", filter_string="name = abc")
    fails("number_for_name", filter_string="name = 5")
    fails("comparator", filter_string="name > 'a'")
    fails("quoted_time", filter_string="creation_time > '5'")
    fails("like_time", filter_string="creation_time LIKE '5'")
    fails("tag_number", filter_string="tags.k = 5")
    fails("tag_comparator", filter_string="tags.k > 'a'")
    fails("garbage", filter_string="this is no filter")
    fails("order_unknown", order_by=["size"])
    fails("order_garbage", order_by=["name UP"])
    fails("max_results_0", max_results=0)
    fails("max_results_negative", max_results=-1)
    fails("max_results_50001", max_results=50001)
    fails("page_token", page_token="garbage")


def type_name(value):
    return type(value).__name__
