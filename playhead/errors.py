"""The one tree of expected errors.

Every error has a stable ``code`` that clients may match on, one HTTP ``status``, the ``field`` it is about
where there is one, and a message that says what to do. An error that ends a job is *permanent* (never
retried) unless its class says it is transient.
"""

from __future__ import annotations

from typing import ClassVar


class PlayheadError(Exception):
    """An expected error.

    Attributes:
        code: stable name, snake case.
        status: HTTP status of the answer that reports it.
        title: the same for every error of this code.
        transient: whether a job that failed with it is worth another attempt.
        field: dotted path of the request field it is about, e.g. ``input.url``; None where there is none.
        retry_after_seconds: when to ask again; None where asking again will not help.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something broke inside Playhead"
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, field: str | None = None, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_seconds = retry_after_seconds


# What a request can get wrong.


class MalformedError(PlayheadError):
    code, status, title = "malformed", 400, "The request could not be read"


class InvalidError(PlayheadError):
    code, status, title = "invalid", 422, "The request is not valid"


class UnauthorizedError(PlayheadError):
    code, status, title = "unauthorized", 401, "A valid API key is needed"


class ForbiddenError(PlayheadError):
    code, status, title = "forbidden", 403, "Not allowed with this key"


class NotFoundError(PlayheadError):
    code, status, title = "not_found", 404, "There is no such thing"


class StateConflictError(PlayheadError):
    code, status, title = "state_conflict", 409, "Its state forbids this"


class EntryPendingError(StateConflictError):
    code, title = "entry_pending", "The entry is still being written"


class EntryFailedError(StateConflictError):
    code, title = "entry_failed", "The entry could not be written"


class AlreadyDecidedError(StateConflictError):
    code, title = "already_decided", "Something else was chosen here"


class TooLargeError(PlayheadError):
    code, status, title = "too_large", 413, "The upload is too large"


class UnsupportedMediaError(PlayheadError):
    code, status, title = "unsupported_media", 415, "This is not a recording"


class SubscribedError(PlayheadError):
    code, status, title = "already_subscribed", 409, "You subscribe to this feed already, in another way"


class NoEpisodeError(PlayheadError):
    code, status, title = "no_episode", 409, "The feed has no episode yet"


class IdempotencyMismatchError(PlayheadError):
    code, status, title = "idempotency_mismatch", 422, "This Idempotency-Key was used for another request"


class UrlForbiddenError(PlayheadError):
    code, status, title = "url_forbidden", 422, "This address may not be fetched"


class UnavailableError(PlayheadError):
    code, status, title, transient = "unavailable", 503, "A part that is needed is away", True


class FeedUnreadableError(PlayheadError):
    code, status, title = "feed_unreadable", 422, "This is no feed"


class FeedGoneError(PlayheadError):
    code, status, title = "feed_gone", 422, "The feed was taken down for good"


# What can end a job. Reported in the job, so the status is that of asking for what it did not make.


class MediaUnreadableError(PlayheadError):
    code, status, title = "media_unreadable", 422, "The media could not be decoded"


class MediaWithoutAudioError(PlayheadError):
    code, status, title = "media_without_audio", 422, "The media has no sound"


class ModelUnavailableError(PlayheadError):
    code, status, title = "model_unavailable", 422, "The model could not be loaded"


class DocumentUnreadableError(PlayheadError):
    code, status, title = "document_unreadable", 422, "The document could not be read"


class TooLongError(PlayheadError):
    code, status, title = "too_long", 422, "The text does not fit into the model's context"


class AnswerInvalidError(PlayheadError):
    code, status, title, transient = "answer_invalid", 502, "The model gave no valid answer", True


class WriterUnavailableError(PlayheadError):
    code, status, title, transient = "writer_unavailable", 503, "The language model did not answer", True


class ConverterUnavailableError(PlayheadError):
    code, status, title = "converter_unavailable", 422, "The worker cannot convert media"


class TranslatorUnavailableError(PlayheadError):
    code, status, title, transient = "translator_unavailable", 503, "The translation service did not answer", True


class QuotaExceededError(PlayheadError):
    code, status, title = "quota_exceeded", 402, "The service's quota is used up"


class SpeakerUnavailableError(PlayheadError):
    code, status, title, transient = "speaker_unavailable", 503, "The speech synthesis did not answer", True


class MailUnavailableError(PlayheadError):
    code, status, title = "mail_unavailable", 422, "The worker cannot send mail"


class MailServerUnavailableError(PlayheadError):
    code, status, title, transient = "mail_server_unavailable", 503, "The mail server did not take it yet", True


class MailRefusedError(PlayheadError):
    code, status, title = "mail_refused", 422, "The mail server refused it"


class RecipientForbiddenError(PlayheadError):
    code, status, title = "recipient_forbidden", 422, "This address may not be written to"


class WebhookRefusedError(PlayheadError):
    code, status, title = "webhook_refused", 422, "The receiver refused it"


class InputMissingError(PlayheadError):
    code, status, title = "input_missing", 422, "The input is no longer there"


class InputQuarantinedError(PlayheadError):
    code, status, title = "input_quarantined", 422, "The input killed engines and is in quarantine"


class DependencyFailedError(PlayheadError):
    code, status, title = "dependency_failed", 422, "A job that this one waits for did not succeed"


class UrlUnreachableError(PlayheadError):
    code, status, title, transient = "url_unreachable", 422, "The address did not answer", True


class UrlRejectedError(PlayheadError):
    code, status, title = "url_rejected", 422, "The address does not give a recording"


class EngineCrashedError(PlayheadError):
    code, status, title, transient = "engine_crashed", 500, "The engine died during this job", True


class EngineDiedError(EngineCrashedError):
    """The input is to blame: its engine died or hung while it was busy with this input and had begun no other.

    Told to users as its parent is. The ledger counts it against the content: see :mod:`playhead.ledger.quarantine`.
    """


class StorageError(PlayheadError):
    code, status, title, transient = "storage_unavailable", 503, "The storage did not answer", True


class WorkerLostError(PlayheadError):
    code, status, title, transient = "worker_lost", 500, "The worker died during this job", True


class TimedOutError(PlayheadError):
    code, status, title, transient = "timed_out", 504, "The attempt took longer than its `timeout_seconds`", True


class InternalError(PlayheadError):
    """A bug of ours, or of what we build on: another attempt may do better."""

    code, status, title, transient = "internal", 500, "Something broke inside Playhead", True


class LeaseLostError(PlayheadError):
    """The run no longer holds its job: it was canceled, rescued or settled. Whatever it does is void."""

    code, status, title = "lease_lost", 409, "The job is held by another run"
