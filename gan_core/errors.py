"""Errors meant for people: each message says what was wrong, where, and what would be right."""


class WorkbenchError(ValueError):
    """Base of every error whose message is shown to the person as it stands."""


class ConfigError(WorkbenchError):
    """A setting is unknown, of the wrong type, out of range, or impossible together with another."""


class DatasetError(WorkbenchError):
    """Pictures could not be found, read or downloaded."""


class ArchiveError(WorkbenchError):
    """A zip file is damaged, or holds something that must not be unpacked."""


class StoreError(WorkbenchError):
    """A run folder or one of its files is missing, damaged, in use, or not one of ours."""


class TrainingError(WorkbenchError):
    """Training cannot go on; the message is the reason in words."""


class LessonError(WorkbenchError):
    """A lesson's file does not hold what a lesson needs; the message names the file and the field."""
