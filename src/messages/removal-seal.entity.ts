import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

const NIL = '00000000-0000-0000-0000-000000000000';

/** One row: the ids of the month that is being removed; without one an empty range. */
@Entity('removal_seal')
@Check('removal_seal_id_check', 'id = 1')
export class RemovalSeal {
  @PrimaryColumn({ type: 'smallint', default: 1, primaryKeyConstraintName: 'removal_seal_pkey' })
  id: number;

  @Column({ name: 'first_id', type: 'uuid', default: NIL })
  firstId: string;

  @Column({ name: 'behind_id', type: 'uuid', default: NIL })
  behindId: string;

  /** Another with each seal: a fence against a run that was given up for dead. */
  @Column({ type: 'uuid', default: NIL })
  token: string;
}
