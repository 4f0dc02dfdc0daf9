"""What people did to node masks: each save of the viewer, and which node became which."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from cohorts.models import Node, NodeMask, Patient


class MaskEdit(models.Model):
    """One save: a new version, a new node, a removal, a split or a merger; append-only."""

    class Kind(models.TextChoices):
        REFINED = "refined", "Refined"
        ADDED = "added", "Added"
        REMOVED = "removed", "Removed"
        SPLIT = "split", "Split"
        MERGED = "merged", "Merged"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client_id = models.UUIDField(unique=True, help_text="Made by the browser: a save is sent once.")
    content_digest = models.CharField(max_length=64, help_text="SHA-256 of what was sent.")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="mask_edits")
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class MaskEditNode(models.Model):
    """What one save did to one node; append-only.

    ``before`` is the mask that ended, ``after`` the one that began. A node with ``before`` alone
    ended with the save, one with ``after`` alone began with it: that is the line from the nodes of
    a split or a merger to what they became.
    """

    edit = models.ForeignKey(MaskEdit, on_delete=models.PROTECT, related_name="nodes")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    before = models.OneToOneField(
        NodeMask, on_delete=models.PROTECT, null=True, related_name="ended_by"
    )
    after = models.OneToOneField(
        NodeMask, on_delete=models.PROTECT, null=True, related_name="begun_by"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["edit", "node"], name="cohorts_node_once_per_edit"),
            models.CheckConstraint(
                condition=Q(before__isnull=False) | Q(after__isnull=False),
                name="cohorts_edit_changes_a_mask",
            ),
        ]

    def __str__(self) -> str:
        return f"node {self.node_id} in edit {self.edit_id}"
