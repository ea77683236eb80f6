"""The desk's front page: find a person. Names and numbers are posted, so that no address or log holds them."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.kernel.errors import DancuError, Exceeded, NotAllowed
from dancu.kit.handles import handle
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
    local_path,
    read_form,
    render,
    see_other,
)  # fmt: skip
from dancu.population import service, wording
from dancu.population.service.look import check_number, is_number, nobody
from dancu.population.wording import labels

router = APIRouter(prefix="/desk")


def _page(request: Request, actor: CurrentActor, form: Form, errors: FormErrors, **more: Any) -> Response:
    why = access.desk_purpose(request.cookies, actor)
    return render(
        request, "population/search.html", form=form, errors=errors, purpose=why, purpose_title=access.purpose_title(why.code),
        purposes=access.desk_purposes(actor), status=422 if errors else 200, **({"hits": None} | more),
    )  # fmt: skip


@router.get("", dependencies=[allow("person.search", "person.read")])
async def front(request: Request, actor: CurrentActor) -> Response:
    return _page(request, actor, Form(), FormErrors())


@router.post("", dependencies=[allow("person.search", "person.read")])
async def find(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    text = form.value("q")
    why = access.desk_purpose(request.cookies, actor)
    try:
        async with attempt(conn):
            if is_number(text):
                check_number(text)
                keys = await service.keys_by_number(conn, text)
                if not keys:
                    raise nobody(actor, why)
                if len(keys) == 1:
                    return see_other(f"/desk/persons/{handle(actor, keys[0])}")
                hits = await service.hits_of(conn, actor, why, keys)
            else:
                hits = await service.search(conn, actor, why, text, born=form.value("born"), place=form.value("place"))
    except (NotAllowed, Exceeded):
        raise
    except DancuError as error:
        return _page(request, actor, form, FormErrors((), error))
    return _page(request, actor, form, FormErrors(), hits=hits, wording=wording, sex_words=labels.SEX)


@router.post("/purpose", dependencies=[allow("person.search", "person.read")])
async def choose(request: Request) -> Response:
    form = await read_form(request)
    answer = see_other(local_path(form.value("next"), "/desk"))
    answer.set_cookie(
        access.PURPOSE_COOKIE, access.purpose_cookie(form.value("purpose"), form.value("case_ref")), httponly=True,
        samesite="lax", secure=request.app.state.settings.https, path="/",
    )  # fmt: skip
    return answer
