"""Another configuration in the engine: when it is read, what of it is told, and what follows at once or by an exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from reloader.app.session import run_engines
from reloader.core.changes import ChangeBatch
from reloader.core.control_protocol import Answer, PauseRequest, RestartRequest, ResumeRequest, WaitRequest
from reloader.core.debounce import DebouncePolicy
from reloader.core.events import ControlRequest, PathsChanged, RestartRequested, StopRequested, Wakeup, WatcherFailed
from reloader.core.notices import (
    ConfigInvalid,
    ConfigMissing,
    ConfigReloaded,
    ConfigReloadSuspended,
    ConfigRestored,
    KeyChange,
    Launched,
    Notice,
    TaskFailed,
)
from reloader.core.outcome import Exited
from reloader.core.restart_loops import MIN_RESTARTS, FileRestart, RestartLoops
from reloader.core.settings import LaunchSettings, Settings, WatchSettings
from reloader.core.states import ConfigChanged, ConfigRejected, FirstStart, Idle, RestartHistory, Running
from reloader.core.tasks import GatePolicy, HookEvent, ReadyPolicy, Task, TaskSettings
from reloader.engine.config_reload import CHECK_INTERVAL, QUIET_TIME, SUSPENSION, ConfigReloader
from reloader.engine.loop import Engine
from reloader.engine.tasks.hooks import HOOK_TIMEOUT
from reloader.errors import BackendUnavailable, ConfigError, ConfigFileMissing
from reloader.interfaces import Fingerprint, ReloadedConfig
from tests.support.fakes.clock import ManualClock
from tests.support.sessions.engine_bench import Bench

PLACE = "/srv/reloader.toml"


@dataclass
class Recorder:
    notices: list[Notice] = field(default_factory=list)

    def report(self, notice: Notice) -> None:
        self.notices.append(notice)


@dataclass
class FakeConfiguration:
    """What is ``written`` is another plan, an error, or nothing new. Each save gives it another look."""

    written: ReloadedConfig | ConfigError | None = None
    locations: Sequence[str] = (PLACE,)
    source: str = "reloader.toml"
    saves: int = 0
    reads: int = 0
    accepted: list[ReloadedConfig] = field(default_factory=list)

    @property
    def initial_fingerprint(self) -> Fingerprint:
        return {PLACE: 0}

    def save(self, written: ReloadedConfig | ConfigError | None) -> None:
        self.written = written
        self.saves += 1

    def fingerprint(self) -> Mapping[str, object]:
        return {PLACE: self.saves}

    def read(self) -> ReloadedConfig | None:
        self.reads += 1
        if isinstance(self.written, ConfigError):
            raise self.written
        return self.written

    def accept(self, reloaded: ReloadedConfig) -> None:
        self.accepted.append(reloaded)
        self.written = None


SETTINGS = Settings(LaunchSettings(("program",), "/srv"), WatchSettings("/srv", ("/srv",)), source="reloader.toml")
LIGHT = replace(SETTINGS, watch=replace(SETTINGS.watch, debounce=DebouncePolicy(0.5, 3.0)))
HEAVY = replace(SETTINGS, launch=replace(SETTINGS.launch, argv=("other",)))


def reloaded_with(settings: Settings, *keys: str) -> ReloadedConfig:
    return ReloadedConfig(settings, tuple(KeyChange(key, 1, 2) for key in keys), Recorder())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def told() -> list[Notice]:
    return []


class TestReading:
    @pytest.fixture
    def configuration(self) -> FakeConfiguration:
        return FakeConfiguration()

    @pytest.fixture
    def config_reloader(
        self, clock: ManualClock, configuration: FakeConfiguration, told: list[Notice]
    ) -> ConfigReloader:
        config_reloader = ConfigReloader(SETTINGS, configuration, clock, told.append)
        config_reloader.tick(clock())
        return config_reloader

    def after(self, config_reloader: ConfigReloader, clock: ManualClock, seconds: float) -> ReloadedConfig | None:
        clock.now += seconds
        return config_reloader.tick(clock())

    def test_waits_until_the_file_is_quiet(
        self, config_reloader: ConfigReloader, clock: ManualClock, configuration: FakeConfiguration
    ) -> None:
        configuration.save(reloaded_with(LIGHT, "debounce"))
        config_reloader.handle([PLACE])
        assert self.after(config_reloader, clock, 0) is None
        configuration.save(reloaded_with(LIGHT, "debounce"))
        assert self.after(config_reloader, clock, QUIET_TIME) is None
        assert configuration.reads == 0
        assert self.after(config_reloader, clock, QUIET_TIME) is configuration.written
        assert configuration.reads == 1

    def test_needs_no_hint(
        self, config_reloader: ConfigReloader, clock: ManualClock, configuration: FakeConfiguration
    ) -> None:
        configuration.save(reloaded_with(LIGHT, "debounce"))
        assert self.after(config_reloader, clock, CHECK_INTERVAL) is None
        assert self.after(config_reloader, clock, QUIET_TIME) is configuration.written

    def test_does_not_follow_a_hint_at_another_file(
        self, config_reloader: ConfigReloader, clock: ManualClock, configuration: FakeConfiguration
    ) -> None:
        configuration.save(reloaded_with(LIGHT, "debounce"))
        config_reloader.handle(["/srv/app.py"])
        assert config_reloader.deadline == clock() + CHECK_INTERVAL

    def test_never_happens_without_a_file(self, clock: ManualClock, told: list[Notice]) -> None:
        config_reloader = ConfigReloader(SETTINGS, None, clock, told.append)
        config_reloader.handle([PLACE])
        assert (config_reloader.deadline, config_reloader.paths) == (None, frozenset())
        assert config_reloader.tick(1000.0) is None
        assert config_reloader.before_launch() is None
        config_reloader.accept(reloaded_with(HEAVY, "command"))
        assert config_reloader.settings is HEAVY

    def test_reports_an_error_once_for_each_save_and_its_correction_once(
        self, config_reloader: ConfigReloader, clock: ManualClock, configuration: FakeConfiguration, told: list[Notice]
    ) -> None:
        for written in (ConfigError(["a", "b"]), ConfigFileMissing(["c"]), None, None):
            configuration.save(written)
            for seconds in (CHECK_INTERVAL, QUIET_TIME, CHECK_INTERVAL, CHECK_INTERVAL):
                assert self.after(config_reloader, clock, seconds) is None
        source = "reloader.toml"
        assert told == [ConfigInvalid(("a", "b")), ConfigMissing("c"), ConfigRestored(source)]

    def test_just_before_a_launch_leaves_an_invalid_file_for_later(
        self, config_reloader: ConfigReloader, clock: ManualClock, configuration: FakeConfiguration, told: list[Notice]
    ) -> None:
        configuration.save(ConfigError(["a"]))
        assert config_reloader.before_launch() is None
        assert told == []
        configuration.save(reloaded_with(LIGHT, "debounce"))
        assert config_reloader.before_launch() is configuration.written
        assert config_reloader.before_launch() is None

    def test_of_reverted_settings_withdraws_the_pending_ones(
        self, config_reloader: ConfigReloader, configuration: FakeConfiguration, told: list[Notice]
    ) -> None:
        assert config_reloader.announce(reloaded_with(HEAVY, "command"))
        configuration.save(None)
        assert config_reloader.before_launch() is None
        assert config_reloader.pending is None
        assert isinstance(told[-1], ConfigRestored)

    @pytest.mark.parametrize("error", [ConfigError(["a"]), ConfigFileMissing(["c"])])
    def test_of_an_invalid_file_withdraws_the_pending_settings(
        self, config_reloader: ConfigReloader, clock: ManualClock, configuration: FakeConfiguration, error: ConfigError
    ) -> None:
        config_reloader.announce(reloaded_with(HEAVY, "command"))
        configuration.save(error)
        for seconds in (CHECK_INTERVAL, QUIET_TIME):
            self.after(config_reloader, clock, seconds)
        assert config_reloader.pending is None

    def test_never_happens_after_the_launch_of_a_single_run(
        self, clock: ManualClock, configuration: FakeConfiguration, told: list[Notice]
    ) -> None:
        once = replace(SETTINGS, restart=replace(SETTINGS.restart, once=True))
        config_reloader = ConfigReloader(once, configuration, clock, told.append)
        assert config_reloader.deadline == clock()
        assert config_reloader.before_launch() is None
        configuration.save(reloaded_with(HEAVY, "command"))
        config_reloader.check_now()
        assert not config_reloader.has_unread_changes
        assert [config_reloader.deadline] == [None]
        assert config_reloader.tick(clock() + CHECK_INTERVAL) is None
        assert configuration.reads == 0


class TestARunThatWritesItsConfiguration:
    """Each is replaced as soon as it has started, and the next one writes again."""

    @pytest.fixture
    def config_reloader(self, clock: ManualClock, told: list[Notice]) -> ConfigReloader:
        return ConfigReloader(SETTINGS, FakeConfiguration(), clock, told.append)

    def replaced(self, config_reloader: ConfigReloader, clock: ManualClock, after: float) -> bool:
        """A run starts, and the file is saved so many seconds later; whether that has replaced the run by now."""
        configuration = config_reloader._configuration
        assert isinstance(configuration, FakeConfiguration)
        config_reloader.before_launch()
        configuration.save(reloaded_with(HEAVY if config_reloader.settings is not HEAVY else SETTINGS, "command"))
        clock.now += after
        config_reloader.handle([PLACE])
        assert config_reloader.tick(clock()) is None
        clock.now += QUIET_TIME
        reloaded = config_reloader.tick(clock())
        if reloaded is None:
            return False
        assert config_reloader.announce(reloaded)
        config_reloader.accept(reloaded)
        return True

    def test_is_reported_after_ten_restarts_and_its_file_ignored_for_a_minute(
        self, config_reloader: ConfigReloader, clock: ManualClock, told: list[Notice]
    ) -> None:
        assert all(self.replaced(config_reloader, clock, 0.2) for _ in range(MIN_RESTARTS))
        (suspended,) = [notice for notice in told if isinstance(notice, ConfigReloadSuspended)]
        assert (suspended.restarts, suspended.seconds) == (MIN_RESTARTS, SUSPENSION)
        assert not self.replaced(config_reloader, clock, 0.2)
        assert config_reloader.before_launch() is None
        assert config_reloader.deadline is not None
        assert config_reloader.deadline > clock() + SUSPENSION / 2
        clock.now += SUSPENSION
        assert config_reloader.before_launch() is not None

    def test_is_checked_again_after_a_restart_by_the_user(
        self, config_reloader: ConfigReloader, clock: ManualClock
    ) -> None:
        assert [self.replaced(config_reloader, clock, 0.2) for _ in range(MIN_RESTARTS + 1)] == [
            True
        ] * MIN_RESTARTS + [False]
        config_reloader.reset()
        assert config_reloader.before_launch() is not None

    def test_is_told_from_a_user_who_saves_at_irregular_moments(
        self, config_reloader: ConfigReloader, clock: ManualClock
    ) -> None:
        assert all(self.replaced(config_reloader, clock, 0.2 + number % 3) for number in range(2 * MIN_RESTARTS))

    def test_is_told_from_a_client_that_waits_for_each_run(
        self, config_reloader: ConfigReloader, clock: ManualClock
    ) -> None:
        for _ in range(2 * MIN_RESTARTS):
            assert self.replaced(config_reloader, clock, 0.2)
            config_reloader.note_external_activity()


class Changing(Bench):
    """A bench whose configuration is saved by the test."""

    def __init__(self, root: Path, task_settings: TaskSettings | None = None) -> None:
        self.configuration = FakeConfiguration()
        super().__init__(root, configuration=self.configuration, task_settings=task_settings)
        self.settings = self.config_reloader.settings

    def save_config(self, settings: Settings, *keys: str) -> None:
        self.configuration.save(reloaded_with(settings, *keys))
        self.inbox.post(PathsChanged((PLACE,), finished=True))

    @property
    def light(self) -> Settings:
        return replace(self.settings, watch=replace(self.settings.watch, debounce=DebouncePolicy(1.0, 3.0)))

    @property
    def heavy(self) -> Settings:
        return replace(self.settings, launch=replace(self.settings.launch, argv=("other",)))

    def result_of_wait_a_wait(self, after: int | None = 1) -> list[Answer]:
        answers: list[Answer] = []
        self.post(ControlRequest(WaitRequest(after, 60.0), Replying(answers)))
        return answers


@dataclass
class Replying:
    answers: list[Answer]
    is_connected: bool = True

    def __call__(self, answer: Answer) -> None:
        self.answers.append(answer)


@pytest.fixture
def bench(tmp_path: Path) -> Changing:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.py").write_text("x = 1\n")
    bench = Changing(tmp_path / "app")
    bench.begin()
    return bench


def turns_until_it_ends(bench: Changing) -> int | Idle:
    """What is left of ``Engine.run`` after its beginning."""
    while bench.engine._end is None:
        bench.engine.turn()
    return bench.engine._end


class TestInTheEngine:
    def test_a_policy_is_replaced_and_the_run_continues(self, bench: Changing) -> None:
        bench.save_config(bench.light, "debounce")
        bench.pass_time(CHECK_INTERVAL)
        assert bench.told(ConfigReloaded) == [
            ConfigReloaded("the command line", (KeyChange("debounce", 1, 2),), replaces_run=False)
        ]
        assert isinstance(bench.state, Running)
        assert bench.configuration.accepted != []
        assert bench.acts == []

    def test_a_new_reporter_gets_the_notices_from_then_on(self, bench: Changing) -> None:
        bench.save_config(bench.light, "debounce")
        bench.pass_time(CHECK_INTERVAL)
        reporter = bench.configuration.accepted[0].reporter
        bench.save("app.py", "x = 2\n")
        bench.hint("app.py")
        bench.pass_time(CHECK_INTERVAL)
        assert isinstance(reporter, Recorder)
        assert [one.run for one in reporter.notices if isinstance(one, Launched)] == [2]
        assert bench.told(Launched) == []

    def test_another_command_ends_the_run_and_the_engine_with_it(self, bench: Changing) -> None:
        bench.save_config(bench.heavy, "command")
        end = turns_until_it_ends(bench)
        assert end == Idle(1, ConfigChanged(("command",)), RestartHistory(has_handled_change=True))
        assert bench.acts == ["stop 1 with 15"]
        assert bench.told(Launched) == []

    def test_every_launch_uses_the_saved_settings(self, bench: Changing) -> None:
        bench.configuration.save(reloaded_with(bench.heavy, "command"))  # nobody has hinted at it
        bench.save("app.py", "x = 2\n")
        bench.hint("app.py")
        assert turns_until_it_ends(bench) == Idle(
            1, ConfigChanged(("command",)), RestartHistory(has_handled_change=True)
        )

    def test_settings_reverted_while_the_run_stops_are_not_applied(self, bench: Changing) -> None:
        bench.save_config(bench.heavy, "command")
        bench.host.is_obeyed = False
        bench.pass_time(1.0)
        bench.configuration.save(None)
        bench.host.end(Exited(0))
        bench.pass_time(1.0)
        (launched,) = bench.told(Launched)
        assert (launched.argv, launched.reason) == (bench.settings.launch.argv, ConfigRejected())

    @pytest.mark.parametrize(
        "wish", [RestartRequested("a test"), ControlRequest(RestartRequest("a test"), Replying([]))]
    )
    def test_a_restart_by_the_user_applies_a_suspended_configuration(
        self, bench: Changing, wish: RestartRequested | ControlRequest
    ) -> None:
        until = bench.config_reloader._suspended_until = bench.clock() + 1000.0
        bench.save_config(bench.heavy, "command")
        bench.engine.turn()
        assert bench.told(ConfigReloaded) == []
        bench.post(wish)
        assert isinstance(turns_until_it_ends(bench), Idle)
        assert bench.clock() < until

    def test_regular_saves_of_a_waiting_client_are_not_a_loop(self, bench: Changing) -> None:
        bench.config_reloader._loops = RestartLoops((FileRestart(0.0, {PLACE: 0.0}),))
        bench.post(StopRequested(15))
        bench.result_of_wait_a_wait(after=None)
        bench.until_finished()
        bench.engine.turn()
        assert bench.config_reloader._loops.restarts == ()

    def test_a_pause_defers_the_reload_until_the_user_resumes(self, bench: Changing) -> None:
        bench.post(ControlRequest(PauseRequest("a test"), Replying([])))
        bench.save_config(bench.heavy, "command")
        bench.settle()
        assert bench.told(ConfigReloaded) == []
        bench.post(ControlRequest(ResumeRequest("a test"), Replying([])))
        assert isinstance(turns_until_it_ends(bench), Idle)

    def test_waiting_clients_are_answered_by_the_engine_that_follows(self, bench: Changing) -> None:
        answers = bench.result_of_wait_a_wait()
        bench.save_config(bench.heavy, "command")
        turns_until_it_ends(bench)
        assert answers == []
        assert len(bench.clients.requests) + len(bench.clients.waits) == 1

    def test_events_after_the_last_decision_are_kept(self, bench: Changing) -> None:
        bench.save_config(bench.heavy, "command")
        turns_until_it_ends(bench)
        bench.post(StopRequested(15))
        bench.engine.turn()
        assert bench.inbox.drain() == [StopRequested(15)]

    def test_a_stop_request_before_the_next_engine_begins_prevents_its_run(self, bench: Changing) -> None:
        bench.save_config(bench.heavy, "command")
        end = turns_until_it_ends(bench)
        assert isinstance(end, Idle)
        following = Bench(bench.root, start=end)
        following.post(StopRequested(2))
        assert following.engine.run() == 128 + 2
        assert following.acts == []

    def test_a_hook_continues_in_the_next_engine(self, tmp_path: Path) -> None:
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "app.py").write_text("x = 1\n")
        policy = TaskSettings(ready=ReadyPolicy(tcp=("127.0.0.1", 1)), hooks={HookEvent.STOP: ("say",)})
        bench = Changing(tmp_path / "app", policy)
        bench.begin()
        bench.save_config(bench.heavy, "command")
        before = bench.clock()
        assert isinstance(bench.engine.run(), Idle)
        assert [helper.argv for helper in bench.helpers.living] == [("say",)]
        assert bench.clock() - before < HOOK_TIMEOUT

    def test_the_first_run_uses_the_configuration_on_the_disk(self, tmp_path: Path) -> None:
        (tmp_path / "app").mkdir()
        bench = Changing(tmp_path / "app")
        bench.configuration.save(reloaded_with(bench.heavy, "command"))
        end = bench.engine.run()
        assert end == Idle(0, ConfigChanged(("command",)), RestartHistory(has_handled_change=True))
        assert "launch 1" not in bench.acts


class TestAWaitingClient:
    """The configuration was saved just before, and nobody has hinted at it."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Changing:
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "app.py").write_text("x = 1\n")
        bench = Changing(tmp_path / "app", TaskSettings())
        bench.begin()
        bench.pass_time(2 * CHECK_INTERVAL)
        return bench

    def test_is_not_answered_by_a_run_that_is_to_be_replaced(self, bench: Changing) -> None:
        bench.configuration.save(reloaded_with(bench.heavy, "command"))
        answers = bench.result_of_wait_a_wait(after=None)
        assert isinstance(turns_until_it_ends(bench), Idle)
        assert answers == []

    def test_is_answered_by_the_present_run_once_a_policy_is_replaced(self, bench: Changing) -> None:
        bench.configuration.save(reloaded_with(bench.light, "debounce"))
        answers = bench.result_of_wait_a_wait(after=None)
        bench.pass_time(2 * QUIET_TIME)
        assert [(answer["verdict"], answer["run"]) for answer in answers] == [("ready", 1)]
        assert len(bench.told(ConfigReloaded)) == 1

    @pytest.mark.parametrize("after", [None, 1])
    def test_names_an_invalid_configuration_also_to_later_clients(self, bench: Changing, after: int | None) -> None:
        bench.configuration.save(ConfigError(["a", "b"]))
        first = bench.result_of_wait_a_wait(after=None)
        bench.pass_time(2 * QUIET_TIME)
        later = bench.result_of_wait_a_wait(after)
        bench.pass_time(2 * QUIET_TIME)
        (answer,) = first
        assert (answer["verdict"], answer["run"], answer["trace"]) == ("failed", 1, "a\nb")
        assert answer["why"] == "the configuration is invalid"
        assert later == first

    @pytest.mark.parametrize("written", [None, ConfigFileMissing(["c"])])
    def test_is_answered_by_the_run_again_once_the_configuration_is_valid(
        self, bench: Changing, written: ConfigError | None
    ) -> None:
        bench.configuration.save(ConfigError(["a"]))
        answers = bench.result_of_wait_a_wait(after=None)
        bench.pass_time(2 * QUIET_TIME)
        bench.configuration.save(written)
        later = bench.result_of_wait_a_wait(after=None)
        bench.pass_time(2 * QUIET_TIME)
        assert [answer["verdict"] for answer in (*answers, *later)] == ["failed", "ready"]

    def test_waits_during_a_pause(self, bench: Changing) -> None:
        bench.post(ControlRequest(PauseRequest("a test"), Replying([])))
        bench.configuration.save(reloaded_with(bench.light, "debounce"))
        answers = bench.result_of_wait_a_wait(after=None)
        bench.engine.turn()
        assert answers == []
        bench.post(ControlRequest(ResumeRequest("a test"), Replying([])))
        bench.pass_time(2 * QUIET_TIME)
        assert [answer["verdict"] for answer in answers] == ["ready"]

    def test_causes_no_check_without_a_file(self, tmp_path: Path) -> None:
        config_reloader = ConfigReloader(SETTINGS, None, ManualClock(), lambda notice: None)
        config_reloader.check_now()
        assert not config_reloader.has_unread_changes


class TestAtTheGate:
    """What was saved of the files has failed its check, and run 1 goes on; then the configuration is saved."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Changing:
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "app.py").write_text("x = 1\n")
        bench = Changing(tmp_path / "app", checked_by("lint"))
        bench.begin()
        bench.save("app.py", "x = 2\n")
        bench.hint("app.py")
        self.check(bench, "lint", 1)
        assert len(bench.told(TaskFailed)) == 1
        return bench

    def check(self, bench: Changing, name: str, code: int) -> None:
        """A command of this name is begun, and ends."""
        until = bench.clock() + 2 * CHECK_INTERVAL
        while not bench.helpers.living:
            assert bench.clock() < until, f"{name} is not begun"
            bench.engine.turn()
        bench.helpers.end(name, Exited(code))
        bench.engine.turn()

    def test_another_command_does_not_start_rejected_files(self, bench: Changing) -> None:
        bench.save_config(bench.heavy, "command")
        self.check(bench, "lint", 1)
        bench.pass_time(CHECK_INTERVAL)
        assert len(bench.told(TaskFailed)) == 2
        assert [act for act in bench.acts if act.startswith("stop")] == []
        bench.save("app.py", "x = 3\n")
        bench.hint("app.py")
        self.check(bench, "lint", 0)
        assert isinstance(turns_until_it_ends(bench), Idle)
        assert "stop 1 with 15" in bench.acts

    def test_another_command_must_pass_its_own_check(self, bench: Changing) -> None:
        bench.save_config(replace(bench.heavy, tasks=checked_by("other")), "command", "check")
        self.check(bench, "other", 0)
        assert isinstance(turns_until_it_ends(bench), Idle)

    def test_a_new_check_replaces_the_old_one_at_once(self, bench: Changing) -> None:
        bench.save_config(replace(bench.settings, tasks=checked_by("other")), "check")
        self.check(bench, "other", 0)
        bench.pass_time(CHECK_INTERVAL)
        assert [one.replaces_run for one in bench.told(ConfigReloaded)] == [False]
        assert "launch 2" in bench.acts

    def test_an_unrelated_change_does_not_affect_it(self, bench: Changing) -> None:
        bench.save_config(bench.light, "debounce")
        bench.pass_time(CHECK_INTERVAL)
        assert len(bench.told(ConfigReloaded)) == 1
        assert bench.helpers.living == []
        assert [act for act in bench.acts if act.startswith("stop")] == []

    def test_reverted_settings_restore_the_old_check(self, bench: Changing) -> None:
        bench.save_config(replace(bench.heavy, tasks=checked_by("other")), "command", "check")
        self.check(bench, "other", 1)
        bench.configuration.save(None)
        self.check(bench, "lint", 0)
        bench.pass_time(CHECK_INTERVAL)
        (launched,) = bench.told(Launched)
        assert launched.argv == bench.settings.launch.argv

    @pytest.mark.parametrize("error", [ConfigError(["a"]), ConfigFileMissing(["c"])])
    def test_an_invalid_configuration_restores_the_old_check(self, bench: Changing, error: ConfigError) -> None:
        bench.save_config(replace(bench.heavy, tasks=checked_by("other")), "command", "check")
        self.check(bench, "other", 1)
        bench.configuration.save(error)
        self.check(bench, "lint", 0)
        bench.pass_time(CHECK_INTERVAL)
        (launched,) = bench.told(Launched)
        assert launched.argv == bench.settings.launch.argv


def checked_by(name: str) -> TaskSettings:
    return TaskSettings(GatePolicy(check=Task((name,)), timeout=1000.0), ReadyPolicy(tcp=("127.0.0.1", 1)))


class TestInheritedChanges:
    """What has changed since the last run of the old plan is told to the first one of the new plan."""

    def following(self, bench: Changing) -> Bench:
        """The engine after that of ``bench``, whose run is stopped for another plan. It has looked around, and not begun."""
        end = turns_until_it_ends(bench)
        assert isinstance(end, Idle)
        bench.save("missed.py", "x = 1\n")  # nobody watches by now
        following = Bench(bench.root, start=end)
        following.engine.inherit(bench.engine.pending_up_to(following.engine))
        return following

    def test_are_those_with_and_without_a_hint(self, bench: Changing) -> None:
        bench.save("app.py", "x = 2\n")
        bench.hint("app.py")
        bench.pass_time(CHECK_INTERVAL)
        bench.host.is_obeyed = False
        bench.save_config(bench.heavy, "command")
        bench.save("heard.py", "x = 1\n")
        bench.hint("heard.py")
        bench.pass_time(CHECK_INTERVAL)
        bench.host.end(Exited(0))
        following = self.following(bench).begin()
        assert [following.named(batch) for batch in following.written_changes] == [
            {"heard.py": "added", "missed.py": "added"}
        ]
        assert following.prepared == following.written_changes
        assert bench.changed[-1:] == [{"missed.py": "added"}]

    def test_are_passed_on_by_an_engine_without_a_run(self, bench: Changing) -> None:
        bench.save_config(bench.heavy, "command")
        following = self.following(bench)
        looking = Bench(bench.root)
        pending = following.engine.pending_up_to(looking.engine)
        assert following.named(pending) == {"missed.py": "added"}

    def test_exclude_files_that_were_not_watched(self, bench: Changing) -> None:
        elsewhere = bench.root.parent / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "b.py").write_text("x = 1\n")
        bench.save_config(bench.heavy, "command")
        turns_until_it_ends(bench)
        looking = Bench(elsewhere)
        assert bench.engine.pending_up_to(looking.engine) == ChangeBatch()
        assert bench.changed == []


class TestEngines:
    """One after the other, with what the session has in common."""

    def engines(self, tmp_path: Path, refusals: Sequence[Exception] = ()) -> tuple[list[Settings], Changing, int]:
        """The plans that were tried, the first bench, and the exit code. The run of the second one ends by itself."""
        (tmp_path / "app").mkdir()
        first = Changing(tmp_path / "app")
        first.configuration.save(reloaded_with(first.heavy, "command"))
        left = list(refusals)
        plans: list[Settings] = []
        starts: list[Idle] = []
        closed: list[str] = []

        def assemble(settings: Settings, resources: ExitStack, start: Idle) -> Engine:
            plans.append(settings)
            starts.append(start)
            resources.callback(closed.append, settings.launch.argv[0])
            if len(plans) == 1:
                for posted in (Wakeup(), RestartRequested("r"), WatcherFailed("watchdog", "", "")):
                    resources.callback(first.inbox.put_back, posted)  # while the parts of that engine end
                return first.engine
            if left:
                raise left.pop()
            second = Bench(tmp_path / "app")
            second.inbox.later.append(lambda: second.host.end(Exited(7)))
            return second.engine

        code = run_engines(assemble, first.config_reloader, first.inbox, lambda: None)
        assert closed == [settings.launch.argv[0] for settings in plans]
        assert first.inbox.drain() == [Wakeup()]
        reason = FirstStart() if len(plans) > 2 else ConfigChanged(("command",))
        assert starts[-1].reason == reason
        return plans, first, code

    def test_the_next_one_has_the_saved_settings(self, tmp_path: Path) -> None:
        plans, first, code = self.engines(tmp_path)
        assert [settings.launch.argv[0] for settings in plans] == ["program", "other"]
        assert first.config_reloader.settings.launch.argv == ("other",)
        assert len(first.configuration.accepted) == 1
        assert code == 7

    @pytest.mark.parametrize(
        ("error", "problem"),
        [
            (ConfigError(["in use"]), "in use"),
            (BackendUnavailable("watchman", "gone", "Go"), 'backend = "watchman" cannot be used: gone. Go'),
            (ImportError("no such file"), "no such file"),
        ],
    )
    def test_settings_that_cannot_be_applied_bring_the_old_ones_back(
        self, tmp_path: Path, error: Exception, problem: str
    ) -> None:
        plans, first, code = self.engines(tmp_path, [error])
        assert [settings.launch.argv[0] for settings in plans] == ["program", "other", "program"]
        assert first.told(ConfigInvalid) == [ConfigInvalid((problem,))]
        assert first.configuration.accepted == []
        assert code == 7
