"""Late flights, each night at 03:00 in New York: Airflow decides when, Prescore what."""

import subprocess
from datetime import timedelta

import pendulum
from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException

TRY_AGAIN = 75
GATED = 3


@dag(
    schedule="0 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="America/New_York"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 5, "retry_delay": timedelta(seconds=30), "retry_exponential_backoff": True},
)
def late_flights():
    @task
    def score(data_interval_end=None):
        # The moment that the run is due: each try goes on with the same run, and a task that is cleared later serves no earlier moment.
        as_of = data_interval_end.isoformat()
        code = subprocess.run(["npx", "prescore", "run", "late", "--publish", "latest", "--as-of", as_of], cwd="/srv/late").returncode
        if code == TRY_AGAIN:
            raise AirflowException("interrupted or busy: to be tried again")
        if code == GATED:
            raise AirflowFailException("stopped by a gate: see `prescore runs`; yesterday's answers are served")
        if code != 0:
            raise AirflowFailException(f"exit code {code}: trying again would not help")

    score()


late_flights()
