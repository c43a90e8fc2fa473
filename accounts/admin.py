from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from accounts.models import Organisation, User


@admin.register(User)
class StaffAdmin(UserAdmin):
    list_display = ["username", "email", "organisation", "is_active", "is_superuser"]
    list_filter = ["organisation", "groups", "is_active"]
    fieldsets = [*(UserAdmin.fieldsets or []), (None, {"fields": ["organisation"]})]


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]
