from django.db import models


class AdoptedValue(models.Model):
    key = models.CharField("règle", max_length=100, unique=True)
    value = models.JSONField("valeur")

    class Meta:
        verbose_name = "valeur adoptée"

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"
