"""The pages: what is on the shelf."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path

from examples.django_app.shelf.models import Book


def books(_request: HttpRequest) -> JsonResponse:
    """Answer the titles."""
    return JsonResponse(
        {"books": list(Book.objects.order_by("id").values_list("title", flat=True))}
    )


urlpatterns = [path("books", books)]
