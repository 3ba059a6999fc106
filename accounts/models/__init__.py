"""Tables of the room."""

from accounts.models.identities import Identity
from accounts.models.invitations import Invitation
from accounts.models.organisation import Organisation
from accounts.models.teams import Membership, Team
from accounts.models.tokens import ApiToken, FirstRun
from accounts.models.users import User

__all__ = ["ApiToken", "FirstRun", "Identity", "Invitation", "Membership", "Organisation", "Team", "User"]
