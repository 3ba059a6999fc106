"""People: oneself, the directory, and what administrators do."""

from __future__ import annotations

from django.contrib.auth import update_session_auth_hash
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import guessing
from accounts.api import shapes
from accounts.commands import users
from accounts.models import User
from accounts.models.users import ROLES
from accounts.permissions import PASSWORD_EDIT, require
from accounts.queries import people_seen_by, person_seen_by
from core import throttle
from core.api.base import ApiView, ListView, SignedIn
from core.api.filters import choice, flag
from core.errors import Invalid
from core.web.address import client_address


class PersonView(ApiView):
    """The base of addresses that answer with a person."""

    permission_classes = [SignedIn]

    def shown(self, user: User, code: int = status.HTTP_200_OK) -> Response:
        """The person, as this actor may see him or her."""
        return Response(shapes.PersonShape(user, context={"request": self.request}).data, status=code)


class Me(ApiView):
    """The person behind the token or session."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="me_see", responses=shapes.MeShape)
    def get(self, request: Request) -> Response:
        """See oneself."""
        return Response(shapes.MeShape(self.actor.user, context={"request": request}).data)

    @extend_schema(operation_id="me_edit", request=shapes.ProfileInput, responses=shapes.MeShape)
    def patch(self, request: Request) -> Response:
        """Change one's own profile."""
        changes = self.parse(shapes.ProfileInput, partial=True)
        user = users.edit_profile(self.actor, self.actor.user, version=self.version(), **changes)
        return Response(shapes.MeShape(user, context={"request": request}).data)


class MyPassword(ApiView):
    """One's own password; a token cannot change it."""

    permission_classes = [SignedIn]
    repeatable = False  # a wrong guess stays counted (A37)

    @extend_schema(operation_id="me_set_password", request=shapes.PasswordInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change one's own password; other sessions end."""
        actor = self.actor
        require(actor, PASSWORD_EDIT, actor.user)
        given = self.parse(shapes.PasswordInput)
        person, address = str(actor.user.pk), client_address(request.META)
        guessing.count(guessing.PASSWORD, person, person=person, mail="password_guessed", address=address)
        if not actor.user.check_password(given["current"]):
            sentence = "This is not your present password."
            raise Invalid(sentence, fields={"current": [sentence]})
        throttle.give_back(guessing.PASSWORD.name, person)
        user = users.set_password(actor, actor.user, password=given["password"])
        update_session_auth_hash(request._request, user)  # noqa: SLF001 (the session belongs to Django's request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class People(PersonView, ListView):
    """Everybody."""

    filters = {
        "role": choice("role", [role for role, _ in ROLES], "People of this role."),
        "active": flag("is_active", "Whether they can sign in."),
    }
    orderings = {"name": ("name", "pk"), "newest": ("-pk",)}

    @extend_schema(operation_id="users_list", responses=shapes.PersonShape(many=True))
    def get(self, request: Request) -> Response:
        """List people."""
        return self.page(people_seen_by(self.actor), shapes.PersonShape)

    @extend_schema(operation_id="users_create", request=shapes.NewPersonInput, responses={201: shapes.PersonShape})
    def post(self, request: Request) -> Response:
        """Create a person."""
        return self.shown(users.create(self.actor, **self.parse(shapes.NewPersonInput)), status.HTTP_201_CREATED)


class Person(PersonView):
    """One person."""

    versioned = True

    @extend_schema(operation_id="users_see", responses=shapes.PersonShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a person."""
        return self.shown(person_seen_by(self.actor, pk))

    @extend_schema(operation_id="users_edit", request=shapes.PersonInput, responses=shapes.PersonShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a person's profile or e-mail address."""
        changes = self.parse(shapes.PersonInput, partial=True)
        return self.shown(users.edit(self.actor, person_seen_by(self.actor, pk), version=self.version(), **changes))


class PersonRole(PersonView):
    """A person's role."""

    versioned = True

    @extend_schema(operation_id="users_change_role", request=shapes.RoleInput, responses=shapes.PersonShape)
    def post(self, request: Request, pk: int) -> Response:
        """Give a person another role."""
        role = self.parse(shapes.RoleInput)["role"]
        return self.shown(
            users.change_role(self.actor, person_seen_by(self.actor, pk), role=role, version=self.version())
        )


class DeactivatePerson(PersonView):
    """The way out."""

    @extend_schema(operation_id="users_deactivate", request=None, responses=shapes.PersonShape)
    def post(self, request: Request, pk: int) -> Response:
        """Shut a person out: sessions and tokens end at once."""
        return self.shown(users.deactivate(self.actor, person_seen_by(self.actor, pk)))


class ReactivatePerson(PersonView):
    """The way back in."""

    @extend_schema(operation_id="users_reactivate", request=None, responses=shapes.PersonShape)
    def post(self, request: Request, pk: int) -> Response:
        """Let a person in again."""
        return self.shown(users.reactivate(self.actor, person_seen_by(self.actor, pk)))
