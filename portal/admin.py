"""The administration as a whole: its one search, by the names of its pages (A62, A68)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from unfold.dataclasses import SearchResult

from portal.admin_navigation import navigation

LONGEST, MOST = 100, 100


def search(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    """The pages whose name or group holds the word, of those that the person may open; nothing else is looked into."""
    word = request.GET.get("s", "")[:LONGEST].strip().lower()
    found = [
        SearchResult(title=item["title"], description=group.get("title", ""), link=item["link"], icon=item["icon"])
        for group in navigation(request)
        for item in group["items"]
        if word and (word in item["title"].lower() or word in group.get("title", "").lower())
    ]
    paginator = Paginator(found, MOST)
    context = {"page_obj": paginator, "results": paginator.page(1), "page_counter": 0, "execution_time": 0}
    name = "command" if "extended" in request.GET else "search"
    return TemplateResponse(request, f"unfold/helpers/{name}_results.html", context, headers={"HX-Trigger": "search"})


admin.site.search = search  # type: ignore[attr-defined]
admin.site.index_title = "Overview"
admin.site.site_title = admin.site.site_header = "Watchbill"
