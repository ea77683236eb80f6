"""The portal of applications: an organisation's staff register and look after their own, reviewers answer what waits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256

from dancu.access import service as access
from dancu.kernel.errors import DancuError, NotAllowed, NotFound
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)
from dancu.oidc import forms
from dancu.oidc.models import Client, ClientState, Profile
from dancu.oidc.models.client import SECRET_METHODS
from dancu.oidc.policy import PUSHED_SECONDS
from dancu.oidc.present import GROUP_WORDS, issuer_of, name_of, ordered, organisation_of, provider_of
from dancu.oidc.service import approval, registration, trying
from dancu.oidc.service import clients as clients_of
from dancu.sharing import service as sharing
from dancu.sharing.models import AgreementState

HOME = "/watch/clients"
router = APIRouter(prefix=HOME)
REGISTER, APPROVE = registration.REGISTER, registration.APPROVE
_TWICE_SECONDS = 600
OWN, SEE, ANSWER = allow(REGISTER), allow(REGISTER, APPROVE), allow(APPROVE)
STATE_WORDS = {
    ClientState.TEST: N_("thử nghiệm"), ClientState.LIVE: N_("hoạt động"), ClientState.SUSPENDED: N_("tạm dừng"),
}  # fmt: skip
LANGUAGES = (("python", "Python"), ("node", "Node.js"), ("java", "Java"), ("php", "PHP"), ("dotnet", ".NET"))


@router.get("", dependencies=[SEE])
async def clients(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """The organisation's own; for a reviewer what waits, and all."""
    waiting = await approval.waiting(conn, actor) if actor.can(APPROVE) else []
    return render(
        request, "oidc/clients.html", clients=await registration.registered(conn, actor), waiting=waiting,
        states=STATE_WORDS, profiles=forms.PROFILE_WORDS, may_register=actor.can(REGISTER), words=GROUP_WORDS, ordered=ordered,
        named=partial(name_of, request), english=await access.english_names(conn),
    )  # fmt: skip


@router.get("/new", dependencies=[OWN])
async def new(request: Request) -> Response:
    return _new(request, Form(), FormErrors())


@router.post("/new", dependencies=[OWN])
async def register(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """The secret is on the answer alone, this once."""
    form, errors = await read_form(request), FormErrors()
    organisation = await access.organisation(conn, actor.org_code)
    wish = forms.read_wish(form, errors, actor.org_code, organisation.name if organisation else "")
    if errors:
        return _new(request, form, errors)
    try:
        async with attempt(conn):
            client, secret = await registration.register(conn, actor, replace(wish, client_id=_id_of(form, wish)))
    except DancuError as error:
        return _new(request, form, FormErrors.of(error))
    if not secret:
        return see_other(f"{HOME}/{client.client_id}")
    return await _show(request, conn, actor, client, secret=secret)


def _id_of(form: Form, wish: registration.Wish) -> str:
    """The client's id, of this page and what was filled in on it now: a button pressed twice makes one client."""
    page = form.value("csrf_token")
    return sha256(f"{page}|{wish}|{int(time.time() // _TWICE_SECONDS)}".encode()).hexdigest()[:24] if page else ""


@router.get("/{client_id}", dependencies=[SEE])
async def show(request: Request, conn: DbConn, actor: CurrentActor, client_id: str, done: str = "") -> Response:
    return await _show(request, conn, actor, await registration.reviewable(conn, actor, client_id), done=done)


@router.get("/{client_id}/try", dependencies=[OWN])
async def try_it(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    """The sign-in tried by hand, and the same in five languages with this client's values."""
    client = await registration.changeable(conn, actor, client_id)
    in_force, waits = await approval.agreements(conn, client)
    agreement, issuer = in_force or waits, issuer_of(request)
    address = trying.address(client, agreement, issuer, provider_of(request).sealer) if client.state is ClientState.TEST else ""
    return render(
        request, "oidc/client_try.html", client=client, name=name_of(request, client), address=address, issuer=issuer, languages=LANGUAGES,
        scope=trying.scope_of(agreement), verifier=trying.VERIFIER, secret_kept=client.auth_method in SECRET_METHODS,
        kid=_kid(client), kind="fapi2" if client.fapi else "basic", public=client.profile is Profile.PUBLIC,
        minutes=-(-PUSHED_SECONDS // 60),
    )  # fmt: skip


@router.post("/{client_id}/rotate", dependencies=[OWN])
async def rotate(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    """The new secret is on the answer alone, this once."""
    client, secret = await registration.rotate_secret(conn, actor, client_id)
    provider_of(request).forget(client_id)
    return await _show(request, conn, actor, client, secret=secret, done="rotated")


@router.post("/{client_id}/keys", dependencies=[OWN])
async def replace_keys(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    form, errors = await read_form(request), FormErrors()
    jwks = forms.read_jwks(form, errors)

    async def change() -> None:
        await registration.replace_keys(conn, actor, client_id, jwks)

    return await _changed(request, conn, actor, client_id, "keys", change, form, errors)


@router.post("/{client_id}/suspend", dependencies=[SEE])
async def suspend(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    await registration.suspend(conn, actor, client_id)
    provider_of(request).forget(client_id)
    return see_other(f"{HOME}/{client_id}?done=suspended")


@router.post("/{client_id}/resume", dependencies=[SEE])
async def resume(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    await registration.resume(conn, actor, client_id)
    provider_of(request).forget(client_id)
    return see_other(f"{HOME}/{client_id}?done=resumed")


@router.post("/{client_id}/ask", dependencies=[OWN])
async def ask(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    form = await read_form(request)

    async def change() -> None:
        await approval.ask(conn, actor, client_id, forms.read_terms(form))

    return await _changed(request, conn, actor, client_id, "asked", change, form)


@router.post("/{client_id}/approve", dependencies=[ANSWER])
async def approve(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    form = await read_form(request)

    async def change() -> None:
        await approval.approve(conn, actor, client_id, forms.read_version(form))

    return await _changed(request, conn, actor, client_id, "approved", change, form)


@router.post("/{client_id}/refuse", dependencies=[ANSWER])
async def refuse(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    form = await read_form(request)

    async def change() -> None:
        await approval.refuse(conn, actor, client_id, forms.read_version(form), form.value("reason"))

    return await _changed(request, conn, actor, client_id, "refused", change, form)


def _kid(client: Client) -> str:
    """Which of its keys the client signs with, as far as we know: the first."""
    keys = (client.jwks or {}).get("keys") or [{}]
    return str(keys[0].get("kid", ""))


async def _changed(
    request: Request, conn: DbConn, actor: CurrentActor, client_id: str, done: str, change: Callable[[], Awaitable[None]],
    form: Form, errors: FormErrors | None = None,
) -> Response:  # fmt: skip
    """Make a change and go back to the client's page, or show there what is wrong."""
    client = await registration.reviewable(conn, actor, client_id)
    if not errors:
        try:
            async with attempt(conn):
                await change()
        except DancuError as error:
            if isinstance(error, (NotAllowed, NotFound)):
                raise
            errors = FormErrors.of(error)
        else:
            provider_of(request).forget(client_id)
            return see_other(f"{HOME}/{client_id}?done={done}")
    return await _show(request, conn, actor, client, form=form, errors=errors)


def _new(request: Request, form: Form, errors: FormErrors) -> Response:
    return render(
        request, "oidc/client_new.html", status=422 if errors else 200, form=form, errors=errors, profiles=forms.PROFILES,
        labels=forms.LABELS, methods=forms.METHODS, grants=forms.GRANT_WORDS, most=clients_of.MOST_ADDRESSES, longest=clients_of.LONGEST_ADDRESS,
    )  # fmt: skip


async def _show(
    request: Request, conn: DbConn, actor: CurrentActor, client: Client, *, secret: str = "", done: str = "",
    form: Form | None = None, errors: FormErrors | None = None,
) -> Response:  # fmt: skip
    in_force, waits = await approval.agreements(conn, client)
    own = actor.can(REGISTER) and actor.org_code == client.org_code
    versions = await sharing.versions(conn, client.client_no)
    typed = form or (forms.terms_form(in_force) if in_force else Form.of(consent="ask", level_min=1))
    return render(
        request, "oidc/client.html", status=422 if errors else 200, client=client, name=name_of(request, client), organisation=await organisation_of(conn, client), secret=secret, done=done, form=typed,
        errors=errors or FormErrors(), in_force=in_force, waits=waits, own=own,
        may_answer=waits is not None and actor.can(APPROVE) and waits.proposed.by != actor.actor_id,
        refused=next((one for one in versions[:1] if one.state is AgreementState.REFUSED), None),
        may_stop=own or actor.can(APPROVE), states=STATE_WORDS, profiles=forms.PROFILE_WORDS, words=GROUP_WORDS, ordered=ordered,
        labels=forms.LABELS, claims=list(GROUP_WORDS.items()), purposes=forms.purposes(), secret_kept=client.auth_method in SECRET_METHODS,
        purpose_title=access.purpose_title, law_name=access.law_name, old_days=registration.OLD_SECRET_DAYS,
    )  # fmt: skip
